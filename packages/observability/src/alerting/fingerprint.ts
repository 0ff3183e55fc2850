import { createHash } from "node:crypto";
import type { Labels } from "../history/series.ts";
import { dropName } from "../rules/element.ts";
import { storableText } from "./text.ts";

/** 32 hexadecimal digits: the same for the same rule and labels, in every process. */
export function fingerprintOf(rule: string, labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([rule, sorted]))
    .digest("hex")
    .slice(0, 32);
}

const MAX_VALUE_LENGTH = 500;

/** Labels as every store takes them: whole characters, no NUL, of bounded length, without the metric's name. */
export function storable(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(dropName(labels)).map(([name, value]) => [name, storableText(value, MAX_VALUE_LENGTH)]),
  );
}
