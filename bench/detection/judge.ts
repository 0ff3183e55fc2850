/** Runs a detector over a series as the evaluator would have, and says which of its alarms were right. */
import { evaluate, History, Remembering } from "@rempart/observability";
import { DETECTORS, load } from "./detectors.ts";
import { END, HOUR, JUDGED_FROM, MINUTE, type Signal, START, WEEK } from "./signals.ts";

/** Every fifth minute: nobody is woken by a band. */
const EVERY = 5 * MINUTE;
/** So long after its end an alarm is still about it: windows have to let go of it. */
const GRACE = 2 * HOUR;

export interface Judged {
  readonly anomalies: number;
  /** Milliseconds from its beginning, of each anomaly that was found. */
  readonly found: readonly number[];
  readonly rightAlarms: number;
  readonly falseAlarms: number;
}

interface Alarm {
  readonly from: number;
  to: number;
}

export function judgeAll({ values, anomalies }: Signal): Readonly<Record<string, Judged>> {
  const history = new History({ keepMs: 6 * WEEK });
  const source = new Remembering(history);
  const since: Record<string, number | null> = {};
  const alarms: Record<string, Alarm[]> = Object.fromEntries(
    Object.keys(DETECTORS).map((name) => [name, []]),
  );
  values.forEach((value, minute) => {
    const at = START + minute * MINUTE;
    if (value !== null) history.append(load.name, {}, at, value);
    // Prometheus too ends a series that is gone from the page.
    else history.end(load.name, {}, at);
    if (at < JUDGED_FROM || (at - START) % EVERY !== 0) return;
    source.tick(at);
    for (const [name, { expression, forMs }] of Object.entries(DETECTORS)) {
      const isThere = evaluate(expression, source, at).length > 0;
      since[name] = isThere ? (since[name] ?? at) : null;
      const began = since[name];
      if (began !== null && began !== undefined && at - began >= forMs) extend(alarms[name] ?? [], at);
    }
  });
  return Object.fromEntries(
    Object.entries(alarms).map(([name, raised]) => [name, judged(anomalies, raised)]),
  );
}

/** An alarm that comes back within half an hour is the same one. */
function extend(alarms: Alarm[], at: number): void {
  const last = alarms.at(-1);
  if (last !== undefined && at - last.to <= HOUR / 2) last.to = at;
  else alarms.push({ from: at, to: at });
}

function judged(anomalies: Signal["anomalies"], alarms: readonly Alarm[]): Judged {
  const isAbout = (anomaly: Signal["anomalies"][number], { from, to }: Alarm): boolean =>
    to >= anomaly.from && from <= Math.min(END, anomaly.to + GRACE);
  const right = alarms.filter((alarm) => anomalies.some((anomaly) => isAbout(anomaly, alarm)));
  const found = anomalies.flatMap((anomaly) => {
    const first = alarms.find((alarm) => isAbout(anomaly, alarm) && alarm.from <= anomaly.to + EVERY);
    return first === undefined ? [] : [Math.max(0, first.from - anomaly.from)];
  });
  return {
    anomalies: anomalies.length,
    found,
    rightAlarms: right.length,
    falseAlarms: alarms.length - right.length,
  };
}
