import type { KeyStatus } from "@rempart/keys";
import { table } from "../table.ts";
import { timeText } from "../text.ts";

const DAY_MS = 86_400_000;
/** No key is older: this one's age is not known. */
const UNKNOWN_AGE_MS = 40 * 365 * DAY_MS;

/** A kind of key that nobody has needed yet. */
export interface NoVersion {
  readonly purpose: string;
  readonly state: "none";
}

/** One line a version, newest first within its purpose. */
export function statusTable(lines: readonly (KeyStatus | NoVersion)[]): string {
  const head = ["key", "version", "state", "age", "accepted until", ""];
  return table([head, ...lines.map(row)]);
}

function row(line: KeyStatus | NoVersion): string[] {
  if (line.state === "none") return [line.purpose, "–", "none", "–", "–", "made when it is first needed"];
  const { purpose, id, state, ageMs, acceptedUntil, rotateBy, urgency } = line;
  const until = timeText(acceptedUntil);
  const note = rotateBy === null || urgency === "none" ? "" : noteOf(urgency, rotateBy);
  return [purpose, id, state, ageOf(ageMs), until, note];
}

function noteOf(urgency: KeyStatus["urgency"], rotateBy: number): string {
  return urgency === "due" ? "rotate now: older than 90 days" : `rotate by ${timeText(rotateBy)}`;
}

function ageOf(ms: number): string {
  if (ms >= UNKNOWN_AGE_MS) return "unknown";
  const days = Math.floor(ms / DAY_MS);
  return days === 1 ? "1 day" : `${days} days`;
}
