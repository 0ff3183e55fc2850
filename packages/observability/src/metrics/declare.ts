/** Which values a label may have. What is not among them is counted as `other`. */
export type LabelBound =
  /** Exactly these. */
  | { readonly values: readonly string[] }
  /** The first so many different ones that are seen. For routes, statuses, upstreams: what the program, not the peer, names. */
  | { readonly limit: number };

export type LabelBounds<Label extends string> = Readonly<Record<Label, LabelBound>>;

interface Declaration<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly unit: Unit;
  readonly labels: LabelBounds<Label>;
  /** Children at most, all labels taken together; what is beyond counts as `other` in every label. */
  readonly maxSeries: number;
}

export interface CounterMetric<Label extends string = string> extends Declaration<Label> {
  readonly kind: "counter";
}

export interface GaugeMetric<Label extends string = string> extends Declaration<Label> {
  readonly kind: "gauge";
}

export interface HistogramMetric<Label extends string = string> extends Declaration<Label> {
  readonly kind: "histogram";
  /** Upper bounds, ascending, in the metric's unit. `+Inf` is added. */
  readonly buckets: readonly number[];
}

export type Metric<Label extends string = string> =
  | CounterMetric<Label>
  | GaugeMetric<Label>
  | HistogramMetric<Label>;

/** The units a name must end in, before `_total`. Others (`percent`, a plain number) leave no trace in it. */
export type Unit = "seconds" | "bytes" | "minutes" | "percent" | "ratio" | "count";

export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly unit: Unit;
  readonly labels?: LabelBounds<Label>;
  /** Default 2,000. */
  readonly maxSeries?: number;
}

/** Something that only grows while the process lives. Its name ends in `_total`. */
export function counter<Label extends string = never>(options: MetricOptions<Label>): CounterMetric<Label> {
  if (!options.name.endsWith("_total")) throw new TypeError(`${options.name}: a counter ends in _total`);
  return { kind: "counter", ...declaration(options, /(?<unit>_[a-z]+)?_total$/) };
}

/** Something that goes up and down. */
export function gauge<Label extends string = never>(options: MetricOptions<Label>): GaugeMetric<Label> {
  return { kind: "gauge", ...declaration(options, /(?<unit>_[a-z]+)$/) };
}

/** A distribution: how many were at most so large. */
export function histogram<Label extends string = never>(
  options: MetricOptions<Label> & { readonly buckets: readonly number[] },
): HistogramMetric<Label> {
  const { buckets, name } = options;
  const ascending = buckets.every((bound, index) => index === 0 || bound > (buckets[index - 1] as number));
  if (buckets.length === 0 || !ascending || !buckets.every(Number.isFinite)) {
    throw new TypeError(`${name}: buckets are finite and ascending`);
  }
  if (options.labels !== undefined && "le" in options.labels) {
    throw new TypeError(`${name}: le is the histogram's own label`);
  }
  return { kind: "histogram", buckets, ...declaration(options, /(?<unit>_[a-z]+)$/) };
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const NAMED_UNITS: ReadonlySet<Unit> = new Set(["seconds", "bytes", "minutes"]);
const DEFAULT_MAX_SERIES = 2_000;

function declaration<Label extends string>(
  { name, help, unit, labels, maxSeries = DEFAULT_MAX_SERIES }: MetricOptions<Label>,
  ending: RegExp,
): Declaration<Label> {
  if (!NAME.test(name)) throw new TypeError(`"${name}" is not a metric name`);
  if (NAMED_UNITS.has(unit) && ending.exec(name)?.groups?.unit !== `_${unit}`) {
    throw new TypeError(`${name}: the name does not say ${unit}`);
  }
  if (!Number.isInteger(maxSeries) || maxSeries < 1) throw new TypeError(`${name}: maxSeries is at least 1`);
  const bounds = labels ?? ({} as LabelBounds<Label>);
  for (const [label, bound] of Object.entries<LabelBound>(bounds)) checkLabel(name, label, bound);
  return { name, help, unit, labels: bounds, maxSeries };
}

function checkLabel(metric: string, label: string, bound: LabelBound): void {
  if (!LABEL.test(label)) throw new TypeError(`${metric}: "${label}" is not a label name`);
  const size = "values" in bound ? bound.values.length : bound.limit;
  if (!Number.isInteger(size) || size < 1) throw new TypeError(`${metric}: ${label} has no possible value`);
}
