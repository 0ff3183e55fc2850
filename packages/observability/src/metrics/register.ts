import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { Children, type LabelValues } from "./children.ts";
import type { GaugeMetric, Metric } from "./declare.ts";

export interface BoundCounter {
  /** `by` is finite and not negative. */
  inc(by?: number): void;
}

export interface BoundGauge {
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
}

export interface BoundHistogram {
  /** A value that is not finite is dropped: it would spoil the sum for good. */
  observe(value: number): void;
}

interface Bound {
  readonly counter: BoundCounter;
  readonly gauge: BoundGauge;
  readonly histogram: BoundHistogram;
}

/** `labels` bounds the values and gives the child that counts for them: ask once where the values are known beforehand. */
export interface Labelled<Label extends string, Child> {
  labels(values: LabelValues<Label>): Child;
}

/** Asked at each scrape. Null: there is nothing to tell, and no sample. */
export type Reader = () => number | null | Promise<number | null>;

export interface Reading<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly value: number;
}

/** Asked at each scrape for every child that there is now. */
export type LabelledReader<Label extends string> = () =>
  | Iterable<Reading<Label>>
  | Promise<Iterable<Reading<Label>>>;

export type Registered<M extends Metric<never>> = Handle<keyof M["labels"] & string, Bound[M["kind"]]>;

type Handle<Label extends string, Child> = [Label] extends [never] ? Child : Labelled<Label, Child>;

export interface RegisterOptions {
  /** Asked with each observation of a histogram: the trace it is made in becomes the exemplar of its bucket. */
  readonly traceId?: () => string | undefined;
}

/** The metrics that count, under the keys of their declarations. Throws TypeError when a name is taken in the registry. */
export function registerMetrics<const Declared extends Readonly<Record<string, Metric<never>>>>(
  registry: Registry,
  declared: Declared,
  { traceId }: RegisterOptions = {},
): { readonly [Key in keyof Declared]: Registered<Declared[Key]> } {
  const entries = Object.entries(declared).map(([key, metric]) => [
    key,
    handle(registry, metric as Metric, traceId),
  ]);
  return Object.fromEntries(entries);
}

/** A gauge without labels that is read when it is scraped. A reader that fails costs no other metric: no sample then. */
export function registerReader(registry: Registry, declared: GaugeMetric<never>, read: Reader): void {
  refuseTaken(registry, declared.name);
  new Gauge({
    name: declared.name,
    help: declared.help,
    registers: [registry],
    async collect() {
      const value = await answer(read, null);
      if (value === null) this.remove();
      else this.set(value);
    },
  });
}

/** The same with labels. What is not among the readings of a scrape has no sample then. */
export function registerLabelledReader<Label extends string>(
  registry: Registry,
  declared: GaugeMetric<Label>,
  read: LabelledReader<Label>,
): void {
  refuseTaken(registry, declared.name);
  const gauge = new Gauge({
    name: declared.name,
    help: declared.help,
    labelNames: Object.keys(declared.labels),
    registers: [registry],
    async collect() {
      const readings = await answer(read, []);
      gauge.reset();
      for (const { labels, value } of readings) children.get(labels).set(value);
    },
  });
  const children = new Children<Label, BoundGauge>(declared, (labels) => gauge.labels(labels));
}

async function answer<T>(read: () => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch {
    return otherwise;
  }
}

function handle(registry: Registry, metric: Metric, traceId: RegisterOptions["traceId"]): unknown {
  refuseTaken(registry, metric.name);
  const children = childrenOf(registry, metric, traceId);
  return Object.keys(metric.labels).length === 0
    ? children.get({})
    : { labels: (values: LabelValues<string>) => children.get(values) };
}

function refuseTaken(registry: Registry, name: string): void {
  if (registry.getSingleMetric(name) !== undefined) throw new TypeError(`${name} is registered already`);
}

function childrenOf(
  registry: Registry,
  metric: Metric,
  traceId: RegisterOptions["traceId"],
): Children<string, unknown> {
  const { name, help } = metric;
  const config = { name, help, labelNames: Object.keys(metric.labels), registers: [registry] };
  switch (metric.kind) {
    case "counter": {
      const counter = new Counter(config);
      return new Children(metric, (labels): BoundCounter => counted(counter.labels(labels)));
    }
    case "gauge": {
      const gauge = new Gauge(config);
      return new Children(metric, (labels): BoundGauge => gauge.labels(labels));
    }
    case "histogram": {
      const enableExemplars = traceId !== undefined;
      // prom-client takes exemplars into registries of OpenMetrics alone; ours writes both pages.
      const histogram = new Histogram({
        ...config,
        buckets: [...metric.buckets],
        enableExemplars,
        registers: [],
      });
      registry.registerMetric(histogram);
      return new Children(metric, (labels): BoundHistogram => observed(histogram, labels, traceId));
    }
  }
}

/** Present from the first moment: a counter that appears with its first event hides that event from `rate`. */
function counted(child: BoundCounter): BoundCounter {
  child.inc(0);
  return child;
}

function observed(
  histogram: Histogram,
  labels: LabelValues<string>,
  traceId: RegisterOptions["traceId"] = () => undefined,
): BoundHistogram {
  histogram.zero(labels);
  const child = histogram.labels(labels);
  return {
    observe(value) {
      if (!Number.isFinite(value)) return;
      const trace = traceId();
      if (trace === undefined) child.observe(value);
      else histogram.observe({ labels, value, exemplarLabels: { trace_id: trace } });
    },
  };
}
