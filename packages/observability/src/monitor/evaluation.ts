import type { Labels, Sample } from "../history/series.ts";
import type { Element } from "../rules/element.ts";

/** What the rules said at one time. */
export interface Evaluation {
  /** Milliseconds since the Unix epoch, and never backwards. */
  readonly at: number;
  readonly results: readonly RuleResult[];
  readonly failed: readonly FailedRule[];
  readonly targets: readonly TargetState[];
  /** Series in the history. */
  readonly series: number;
  /** Samples of this time that the history had no room for. */
  readonly refused: number;
  /** Milliseconds that the rules took, without collecting. */
  readonly tookMs: number;
}

export interface RuleResult {
  readonly rule: string;
  /** Each is an alert, pending or firing. */
  readonly elements: readonly Element[];
  /**
   * False while the history, after a start, is younger than what the rule looks back on (an hour at most): what is not among
   * the elements then may only not be known yet, and ends no alert.
   */
  readonly settled: boolean;
}

export interface FailedRule {
  readonly rule: string;
  readonly reason: string;
}

export interface TargetState {
  readonly job: string;
  readonly instance: string;
  readonly up: boolean;
  /** Why it is not up; null when it is. */
  readonly reason: string | null;
}

/** The values of one series at each step of a range that it had one at. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

/** A part of an expression with what it is now, and its own parts. */
export interface Explanation {
  readonly promql: string;
  /** The first of them, in the order of evaluation. */
  readonly elements: readonly Element[];
  /** How many more there are. */
  readonly omitted: number;
  /** Why it has no value; null when it was evaluated. */
  readonly error: string | null;
  /** Where it reads the history: the newest samples that it saw. */
  readonly samples: readonly RangeSeries[];
  readonly parts: readonly Explanation[];
}
