import type { GaugeMetric, Unit } from "../metrics/declare.ts";
import type { Vector } from "../rules/expression.ts";

/** A value that is computed with every evaluation and kept like a gauge: `gaugeOf` reads it. */
export interface RecordingRule extends GaugeMetric {
  readonly expression: Vector;
}

export interface RecordOptions {
  /** `level:metric:operations`, as Prometheus's conventions have it; or, without colons, the name of a gauge that was promised. */
  readonly name: string;
  readonly help: string;
  /** Default `count`: a plain number. */
  readonly unit?: Unit;
  readonly expression: Vector;
}

const NAME = /^(?:[a-z]\w*:[a-z]\w*:[a-z]\w*|[a-z]\w*(?<!_total))$/;
const MAX_SERIES = 1_000;

/** Throws TypeError for a name that does not say what it is. */
export function record({ name, help, unit = "count", expression }: RecordOptions): RecordingRule {
  if (!NAME.test(name)) throw new TypeError(`"${name}" is not the name of a recording rule`);
  return { kind: "gauge", name, help, unit, labels: {}, maxSeries: MAX_SERIES, expression };
}
