/** What an objective's windows are computed from: short ones from samples, long ones from what was counted in each part of them. */
import { either, gaugeOf, overTime, ratio } from "../rules/builders.ts";
import { type Duration, milliseconds } from "../rules/duration.ts";
import type { Vector } from "../rules/expression.ts";
import { type RecordingRule, record } from "./record.ts";
import { badIn, eventsIn, type Sli } from "./sli.ts";

export interface Windows {
  /** How many events there were, and how many of them were bad. */
  readonly all: (window: Duration) => Vector;
  readonly bad: (window: Duration) => Vector;
  readonly badShare: (window: Duration) => Vector;
  /** The parts that long windows are added up from. */
  readonly records: readonly RecordingRule[];
}

/** From this length on, a window is added up from parts of the other: it ends at the last whole one. */
const PARTS = [
  { from: milliseconds("1d"), part: "1h" },
  { from: milliseconds("6h"), part: "5m" },
] as const satisfies readonly { readonly from: number; readonly part: Duration }[];

/** `prefix` is what its records are called by. */
export function windowsOf(prefix: string, sli: Sli): Windows {
  const eventsOf = { all: eventsIn, bad: badIn };
  const records = PARTS.flatMap(({ part }) =>
    (["all", "bad"] as const).map((which) =>
      record({
        name: `${prefix}_${which}:events${part}`,
        help: `${which === "all" ? "Events" : "Bad events"} of ${part}, which longer windows are added up from.`,
        expression: eventsOf[which](sli, part),
      }),
    ),
  );
  const counted = (which: "all" | "bad", window: Duration): Vector => {
    const step = PARTS.find(({ from }) => milliseconds(window) >= from)?.part;
    const of = records.find(({ name }) => name === `${prefix}_${which}:events${step}`);
    if (of === undefined || step === undefined) return eventsOf[which](sli, window);
    // Until the first of them is whole, the window is what there is of it.
    return either(overTime("sum", gaugeOf(of), { window, step }), gaugeOf(of));
  };
  const all = (window: Duration): Vector => counted("all", window);
  const bad = (window: Duration): Vector => counted("bad", window);
  return { all, bad, badShare: (window) => ratio(bad(window), all(window)), records };
}
