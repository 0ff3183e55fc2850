/** What is asked of each series, with thresholds chosen on seeds that are not reported. */
import {
  above,
  abs,
  absent,
  arithmetic,
  below,
  either,
  gauge,
  gaugeOf,
  mad,
  overTime,
  ratio,
  type Vector,
  zscore,
} from "@rempart/observability";
import { MINUTE } from "./signals.ts";

export const load = gauge({ name: "bench_load", help: "Of a bench.", unit: "count" });

export interface Detector {
  readonly expression: Vector;
  readonly forMs: number;
}

const value = gaugeOf(load);
const hour = { window: "1h" } as const;

const plain = above(
  abs(ratio(arithmetic(value, "-", overTime("avg", value, hour)), overTime("stddev", value, hour))),
  3,
);

const season = { by: [], window: "15m", step: "5m" } as const;
const usual = mad(value, { ...season, floor: 3, share: 0.06 });
const restless = mad(overTime("stddev", value, { window: "30m" }), { ...season, floor: 1, share: 0.25 });
const far = above(abs(usual), 4);
const shaking = above(restless, 5);

export const DETECTORS: Readonly<Record<string, Detector>> = {
  "3 sigma over an hour (baseline)": { expression: plain, forMs: 0 },
  "static threshold": { expression: either(above(value, 290), below(value, 8)), forMs: 5 * MINUTE },
  "z-score over an hour": {
    expression: above(abs(zscore(value, { window: "1h", step: "1m", floor: 3 })), 4),
    forMs: 0,
  },
  "MAD by the hour of the week": { expression: far, forMs: 5 * MINUTE },
  "MAD of value and unrest, absence": {
    expression: either(far, shaking, absent(value)),
    forMs: 5 * MINUTE,
  },
};
