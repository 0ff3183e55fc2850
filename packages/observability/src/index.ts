export { ObservabilityError, type ObservabilityErrorCode } from "./errors.ts";
export type { LabelValues } from "./metrics/children.ts";
export {
  type CounterMetric,
  counter,
  type GaugeMetric,
  gauge,
  type HistogramMetric,
  histogram,
  type LabelBound,
  type LabelBounds,
  type Metric,
  type MetricOptions,
  type Unit,
} from "./metrics/declare.ts";
export {
  type BoundCounter,
  type BoundGauge,
  type BoundHistogram,
  type Labelled,
  type Reader,
  registerMetrics,
  registerReader,
} from "./metrics/register.ts";
