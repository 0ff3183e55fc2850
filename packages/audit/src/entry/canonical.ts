/** One text for one value, so that a hash over it means something: keys sorted, no spaces, numbers as JSON writes them. */

import type { Json } from "@rempart/kernel";

export type { Json };

/** Throws `TypeError` for a number that JSON has no text for. */
export function canonical(value: Json): string {
  // A value whose members are sorted as they stand has the text that the engine writes, and writes much sooner.
  return isSorted(value) ? JSON.stringify(value) : sorted(value);
}

function isSorted(value: Json): boolean {
  if (value === null || typeof value !== "object") return typeof value !== "number" || Number.isFinite(value);
  if (isList(value)) return value.every(isSorted);
  let before = "";
  for (const key of Object.keys(value)) {
    if (key < before || !isSorted(value[key] as Json)) return false;
    before = key;
  }
  return true;
}

function sorted(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("JSON has no such number");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(sorted).join(",")}]`;
  let members = "";
  for (const key of Object.keys(value).sort())
    members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${sorted(value[key] as Json)}`;
  return `{${members}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
