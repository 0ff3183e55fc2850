/** What the monitor's thread is told and asked. Expressions, rules and samples are plain values, and cross as they are. */
import type { Dictation } from "../history/dictation.ts";
import type { HistoryOptions } from "../history/history.ts";
import type { Labels } from "../history/series.ts";
import type { Element } from "../rules/element.ts";
import type { Expression, Vector } from "../rules/expression.ts";
import type { Evaluation, Explanation, RangeSeries } from "./evaluation.ts";
import type { ScrapeLimits, Target } from "./scrape.ts";

export interface Step {
  readonly kind: "record" | "alert";
  readonly name: string;
  readonly expression: Vector;
}

export interface Assignment {
  /** In their order: each sees what those before it recorded. */
  readonly steps: readonly Step[];
  /** Of the process's own series; null when it has none to tell. */
  readonly own: Labels | null;
  readonly targets: readonly Target[];
  readonly scrape: ScrapeLimits;
  readonly history: HistoryOptions;
  /** Where the history is kept between two processes; null: nowhere. */
  readonly directory: string | null;
}

export interface Beginning {
  readonly assignment: Assignment;
  /** False: what is kept ended a thread that took it up. */
  readonly isTakingUp: boolean;
}

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

export interface Questions {
  readonly tick: { readonly at: number };
  readonly query: { readonly expression: Expression; readonly at: number };
  readonly range: { readonly expression: Expression; readonly range: Range };
  readonly explain: { readonly expression: Expression; readonly at: number };
  readonly save: object;
}

export interface Answers {
  readonly tick: Evaluation;
  readonly query: readonly Element[];
  readonly range: readonly RangeSeries[];
  readonly explain: Explanation;
  readonly save: null;
}

export type Kind = keyof Questions;

export type Message =
  /** Of the process's own registry; the next tick takes them. */
  | { readonly kind: "samples"; readonly samples: Dictation }
  | { [K in Kind]: { readonly kind: K; readonly id: number } & Questions[K] }[Kind];

/** For the log of the application. */
export type Say = (level: "warn" | "info", message: string, reason: string) => void;

export type Reply =
  | { readonly said: Parameters<Say> }
  | { readonly id: number; readonly answer: Answers[Kind] }
  | { readonly id: number; readonly error: { readonly code: string | null; readonly message: string } };
