import { explain } from "@rempart/kernel";
import { alertRules } from "./alert-rules.ts";
import { dependencies } from "./dependencies.ts";
import { forgeryBlocks } from "./forgery.ts";
import type { CheckItem, CheckPlace, Finding, Verdict } from "./item.ts";
import { failoverRehearsal, failovers } from "./keys.ts";
import { longSessions, signingIn, tokenSize } from "./signing-in.ts";

/** What is looked at every week, in this order. */
export const WEEKLY: readonly CheckItem[] = [
  signingIn,
  forgeryBlocks,
  tokenSize,
  failovers,
  dependencies,
  longSessions,
  failoverRehearsal,
  alertRules,
];

export interface Checked extends Omit<CheckItem, "look">, Finding {}

export interface WeeklyReport {
  /** Unix milliseconds. */
  readonly at: number;
  /** Of the gravest item. */
  readonly verdict: Verdict;
  readonly items: readonly Checked[];
}

const GRAVEST: readonly Verdict[] = ["fail", "unknown", "warn"];

/** One after the other: a rehearsal of many rules leaves another one no time to be answered within. */
export async function checkAll(items: readonly CheckItem[], place: CheckPlace): Promise<WeeklyReport> {
  const checked: Checked[] = [];
  for (const item of items) checked.push(await check(item, place));
  const verdict = GRAVEST.find((grave) => checked.some((item) => item.verdict === grave)) ?? "pass";
  return { at: place.now, verdict, items: checked };
}

async function check({ look, ...item }: CheckItem, place: CheckPlace): Promise<Checked> {
  try {
    return { ...item, ...(await look(place)) };
  } catch (error) {
    return { ...item, verdict: "unknown", figure: `could not be looked at: ${explain(error)}` };
  }
}

/** 1: something fails. 2: nothing fails that could be looked at, and something could not. */
export function exitCodeOf({ verdict }: WeeklyReport): number {
  return verdict === "fail" ? 1 : verdict === "unknown" ? 2 : 0;
}
