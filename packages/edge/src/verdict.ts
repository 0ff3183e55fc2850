import type { RedirectStatus } from "./policies/redirect.ts";
import type { Problem } from "./problem.ts";

/** Response headers as a flat list: name, value, name, value. */
export type FlatHeaders = string[];

/** What the policies decided. A refusal is a value: nothing is thrown on this path. */
export type Verdict =
  | { readonly kind: "pass" }
  | {
      readonly kind: "reject";
      readonly problem: Problem;
      readonly headers: readonly string[];
      /** Which of the reasons that the problem's code stands for. The client is not told. */
      readonly reason?: string;
    }
  | { readonly kind: "redirect"; readonly status: RedirectStatus; readonly location: string }
  /** Answered by the edge itself: a preflight, or an answer given before. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: readonly string[];
      readonly body: string;
    };

export const PASS: Verdict = { kind: "pass" };

export function rejectBecause(reason: string, problem: Problem): Verdict {
  return { kind: "reject", problem, headers: [], reason };
}

export function reject(problem: Problem, ...headers: readonly string[]): Verdict {
  return { kind: "reject", problem, headers };
}
