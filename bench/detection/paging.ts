/** How soon the shipped rules page, of faults that must page, and that a quiet night does not. Samples every 15 seconds. */
import {
  type AlertRule,
  type Alerts,
  evaluate,
  History,
  nextAlerts,
  Remembering,
  SHIPPED_GROUPS,
  shippedMetrics,
} from "@rempart/observability";
import { HOUR, MINUTE } from "./signals.ts";

const EVERY = 15_000;
const FAULT_AT = 6 * HOUR + 7_000;

export interface Fault {
  readonly name: string;
  /** Requests a minute. */
  readonly traffic: number;
  /** Share of them that fails from the fault on. */
  readonly failing: number;
  readonly answersScrapes: boolean;
  readonly lasts: number;
}

export const FAULTS: readonly Fault[] = [
  { name: "every request fails", traffic: 600, failing: 1, answersScrapes: true, lasts: HOUR },
  { name: "the process is gone", traffic: 600, failing: 0, answersScrapes: false, lasts: HOUR },
  {
    name: "14.4 times the budget burns",
    traffic: 600,
    failing: 0.144,
    answersScrapes: true,
    lasts: 2 * HOUR,
  },
  { name: "20 times the budget burns", traffic: 600, failing: 0.2, answersScrapes: true, lasts: 2 * HOUR },
  { name: "3 requests an hour, all fail", traffic: 0.05, failing: 1, answersScrapes: true, lasts: 8 * HOUR },
  {
    name: "3 requests an hour, none fails",
    traffic: 0.05,
    failing: 0,
    answersScrapes: true,
    lasts: 8 * HOUR,
  },
];

export interface Paged {
  /** Milliseconds from the fault to the first page; null: nobody was paged. */
  readonly after: number | null;
  readonly by: string | null;
}

const paging = SHIPPED_GROUPS.flatMap(({ rules }) => rules).filter(({ severity }) => severity === "critical");

export function page({ traffic, failing, answersScrapes, lasts }: Fault): Paged {
  const history = new History();
  const source = new Remembering(history);
  const states = new Map<AlertRule, Alerts>(paging.map((rule) => [rule, new Map()]));
  let [good, bad] = [0, 0];
  for (let at = 0; at <= FAULT_AT + lasts; at += EVERY) {
    const share = at > FAULT_AT ? failing : 0;
    good += (traffic * EVERY * (1 - share)) / MINUTE;
    bad += (traffic * EVERY * share) / MINUTE;
    const isUp = answersScrapes || at < FAULT_AT;
    tell(history, at, isUp, Math.floor(good), Math.floor(bad));
    source.tick(at);
    for (const rule of paging) {
      const next = nextAlerts(rule, states.get(rule) ?? new Map(), evaluate(rule.expression, source, at), at);
      states.set(rule, next);
      const isFiring = [...next.values()].some(({ state }) => state === "firing");
      if (isFiring) return { after: at - FAULT_AT, by: rule.name };
    }
  }
  return { after: null, by: null };
}

const { httpRequests, httpDuration } = shippedMetrics;

function tell(history: History, at: number, isUp: boolean, good: number, bad: number): void {
  const of = { method: "GET", route: "/" };
  const target = { job: "shop", instance: "one" };
  history.append("up", target, at, isUp ? 1 : 0);
  const samples: [string, Record<string, string>, number][] = [
    [httpRequests.name, { ...of, status: "200" }, good],
    [httpRequests.name, { ...of, status: "500" }, bad],
    [`${httpDuration.name}_count`, of, good + bad],
    [`${httpDuration.name}_bucket`, { ...of, le: "0.25" }, good + bad],
    [`${httpDuration.name}_bucket`, { ...of, le: "1" }, good + bad],
    [`${httpDuration.name}_bucket`, { ...of, le: "+Inf" }, good + bad],
  ];
  for (const [name, labels, value] of samples) {
    if (isUp) history.append(name, { ...labels, ...target }, at, value);
    else history.end(name, { ...labels, ...target }, at);
  }
}
