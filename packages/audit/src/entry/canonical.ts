/** One text for one value, so that a hash over it means something: keys sorted, no spaces, numbers as JSON writes them. */

import type { Json } from "@rempart/kernel";

export type { Json };

/** Throws `TypeError` for a number that JSON has no text for. */
export function canonical(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("JSON has no such number");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`);
  return `{${members.join(",")}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
