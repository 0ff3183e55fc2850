/**
 * Expressions as CloudWatch metric math over what its agent publishes of a Prometheus scrape: a counter as the growth since the
 * scrape before (statistic Sum), a gauge as it is, histograms not at all. Windows stand side by side instead of sliding.
 */
import { milliseconds } from "../../rules/duration.ts";
import type {
  Aggregate,
  Arithmetic,
  Comparison,
  Expression,
  Matcher,
  Operand,
  Over,
  Select,
  Vector,
} from "../../rules/expression.ts";

export interface MetricStat {
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: "Sum" | "Minimum" | "Maximum";
}

export interface MetricMath {
  readonly expression: string;
  /** `m1` and so on, in order. */
  readonly metrics: readonly MetricStat[];
  readonly periodSeconds: number;
}

/** Why a rule has no alarm. */
export interface Inexpressible {
  readonly reason: string;
}

/** The values of labels that a prefix stands for: CloudWatch has no patterns. */
export type KnownValues = Readonly<Record<string, readonly string[]>>;

const LARGEST_PERIOD_S = milliseconds("1d") / 1_000;
const MOST_METRICS = 10;
const GAUGE_PERIOD_S = 60;

class NotExpressible extends Error {}

/** 1 where the expression has an element, 0 where it has none. */
export function toMetricMath(expression: Vector, values: KnownValues): MetricMath | Inexpressible {
  const writer = new Writer(values);
  try {
    const text = writer.condition(expression);
    return { expression: text, ...writer.metrics() };
  } catch (error) {
    if (error instanceof NotExpressible) return { reason: error.message };
    throw error;
  }
}

type Extreme = "Minimum" | "Maximum";

class Writer {
  readonly #values: KnownValues;
  readonly #stats: MetricStat[] = [];
  readonly #periods = new Set<number>();

  constructor(values: KnownValues) {
    this.#values = values;
  }

  metrics(): Pick<MetricMath, "metrics" | "periodSeconds"> {
    const windows = [...this.#periods].filter((seconds) => seconds !== GAUGE_PERIOD_S);
    if (windows.length > 1) throw new NotExpressible("it looks at two windows at once");
    const [periodSeconds = GAUGE_PERIOD_S] = windows;
    if (periodSeconds > LARGEST_PERIOD_S) throw new NotExpressible("its window is longer than a day");
    if (this.#stats.length > MOST_METRICS) throw new NotExpressible("it needs more than ten metrics");
    return { metrics: this.#stats, periodSeconds };
  }

  condition(node: Vector): string {
    if (node.kind === "set" && node.op !== "unless") {
      return `(${this.condition(node.left)}) ${node.op.toUpperCase()} (${this.condition(node.right)})`;
    }
    if (node.kind !== "comparison") throw new NotExpressible(WHY[node.kind] ?? `it is a ${node.kind}`);
    const extreme = worseAbove(node) ? "Maximum" : "Minimum";
    return `${this.#operand(node.left, extreme)} ${node.op} ${this.#operand(node.right, extreme)}`;
  }

  #operand(node: Operand, extreme: Extreme): string {
    return typeof node === "number" ? String(node) : this.#value(node, extreme);
  }

  #value(node: Expression, extreme: Extreme): string {
    switch (node.kind) {
      case "select":
        return this.#gauge(node, extreme);
      case "over":
        return this.#growth(node);
      case "aggregate":
        return this.#aggregate(node, extreme);
      case "arithmetic":
        return this.#arithmetic(node, extreme);
      case "apply":
        return this.#applied(node, extreme);
      default:
        throw new NotExpressible(WHY[node.kind] ?? `it needs ${node.kind}`);
    }
  }

  /** What is taken away from, divided by or turned round is at its largest when it was at its smallest. */
  #arithmetic({ op, left, right }: Arithmetic, extreme: Extreme): string {
    if (isGauge(left) && isGauge(right))
      throw new NotExpressible("it compares series by series, and an alarm sees one value");
    const leftExtreme = op === "*" && typeof right === "number" && right < 0 ? opposite(extreme) : extreme;
    const rightExtreme = op === "-" || op === "/" ? opposite(extreme) : extreme;
    return `(${this.#value(left, leftExtreme)} ${op} ${this.#operand(right, rightExtreme)})`;
  }

  #applied({ function: name, of }: Extract<Vector, { kind: "apply" }>, extreme: Extreme): string {
    if (name === "abs")
      return `MAX([ABS(${this.#value(of, "Maximum")}), ABS(${this.#value(of, "Minimum")})])`;
    if (name !== "secondsUntil") throw new NotExpressible("it bounds a value from below");
    const value = this.#value(of, extreme);
    return `(${value} - EPOCH(${value}))`;
  }

  #aggregate({ op, by, of }: Aggregate, extreme: Extreme): string {
    if (by.length > 0) throw new NotExpressible(`it is one alarm for each ${by.join(" and ")}`);
    if (op === "sum" && of.kind === "over") return this.#growth(of);
    if ((op === "max" || op === "min") && of.kind === "select") return this.#gauge(of, extreme);
    throw new NotExpressible("it adds up gauges, whose sum depends on how often they are scraped");
  }

  #growth({ function: name, of, windowMs, stepMs, offsetMs }: Over): string {
    if (of.kind !== "select" || stepMs !== null || offsetMs !== 0)
      throw new NotExpressible("it compares with its own past");
    if (name !== "increase" && name !== "rate") throw new NotExpressible(`it needs ${name}`);
    const seconds = windowMs / 1_000;
    this.#periods.add(seconds);
    const sum = this.#where(of, "Sum");
    return name === "increase" ? sum : `(${sum} / ${seconds})`;
  }

  #gauge(node: Select, extreme: Extreme): string {
    this.#periods.add(GAUGE_PERIOD_S);
    return this.#where(node, extreme);
  }

  /** A metric under conditions. What a label is not is what is left of everything; that holds for sums alone. */
  #where({ metric, where }: Select, stat: MetricStat["stat"]): string {
    if (metric.endsWith("_bucket") || metric.endsWith("_count"))
      throw new NotExpressible("CloudWatch's agent does not publish histograms");
    const [first, ...others] = where;
    if (others.length > 0) throw new NotExpressible("it has several conditions");
    if (first === undefined) return this.#stat({ metric, dimensions: {}, stat });
    const wanted = this.#valuesOf(first).map((value) =>
      this.#stat({ metric, dimensions: { [first.label]: value }, stat }),
    );
    if (stat !== "Sum" && (isExcluding(first) || wanted.length > 1))
      throw new NotExpressible(`it picks gauges by what ${first.label} is not`);
    const sum = wanted.length === 1 ? (wanted[0] as string) : `(${wanted.join(" + ")})`;
    return isExcluding(first) ? `(${this.#stat({ metric, dimensions: {}, stat })} - ${sum})` : sum;
  }

  #valuesOf(matcher: Matcher): readonly string[] {
    if ("values" in matcher) return matcher.values;
    if (matcher.op !== "startsWith") return [matcher.value];
    const known = (this.#values[matcher.label] ?? []).filter((value) => value.startsWith(matcher.value));
    if (known.length === 0)
      throw new NotExpressible(`it needs every ${matcher.label} that begins with ${matcher.value}`);
    return known;
  }

  #stat(wanted: MetricStat): string {
    const text = JSON.stringify(wanted);
    const known = this.#stats.findIndex((stat) => JSON.stringify(stat) === text);
    if (known < 0) this.#stats.push(wanted);
    return `m${known < 0 ? this.#stats.length : known + 1}`;
  }
}

const WHY: Readonly<Record<string, string>> = {
  absent: "an alarm cannot tell a metric that is not there from one that is late",
  histogramQuantile: "CloudWatch's agent does not publish histograms",
  comparison: "it takes a value only where another comparison holds",
  label: "it compares with its own past",
  set: "it stands in for series that may be missing",
};

/** The value of several that is compared is the worst. */
function worseAbove({ op, right }: Comparison): boolean {
  return op.startsWith(">") || (op === "==" && right !== 0);
}

function isExcluding({ op }: Matcher): boolean {
  return op === "isNot" || op === "noneOf";
}

function opposite(extreme: Extreme): Extreme {
  return extreme === "Maximum" ? "Minimum" : "Maximum";
}

function isGauge(node: Operand): boolean {
  return typeof node !== "number" && node.kind === "select";
}
