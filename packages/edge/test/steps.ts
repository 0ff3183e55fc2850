/** How much text a function reads, counted in characters: the same on every machine, unlike time. */

type StringMethod =
  | "charCodeAt"
  | "charAt"
  | "startsWith"
  | "replaceAll"
  | "trimStart"
  | "indexOf"
  | "lastIndexOf"
  | "includes"
  | "split"
  | "slice"
  | "toLowerCase"
  | "trim";

/** Characters a call looks at, at most: where a search may stop early, the distance to what it found. */
const COSTS: {
  readonly [Name in StringMethod]: (text: string, args: readonly unknown[], result: unknown) => number;
} = {
  charCodeAt: () => 1,
  charAt: () => 1,
  startsWith: (_text, [start]) => String(start).length,
  replaceAll: (text) => text.length,
  trimStart: (text, _args, result) => text.length - (result as string).length + 1,
  indexOf: (text, [, from = 0], result) =>
    (result === -1 ? text.length : (result as number)) - (from as number) + 1,
  lastIndexOf: (text, [, from = text.length], result) => (from as number) - (result as number) + 1,
  includes: (text) => text.length,
  split: (text) => text.length,
  slice: () => 1,
  toLowerCase: (text) => text.length,
  trim: (text) => text.length - text.trimStart().length + text.length - text.trimEnd().length + 1,
};

/** Runs `work` with the string methods instrumented. Synchronous work only. */
export function countSteps(work: () => void): number {
  let steps = 0;
  const prototype = String.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const originals = new Map<string, (...args: unknown[]) => unknown>();
  for (const name of Object.keys(COSTS) as StringMethod[]) {
    const original = prototype[name] as (...args: unknown[]) => unknown;
    originals.set(name, original);
    prototype[name] = function counted(this: string, ...args: unknown[]) {
      const result = original.apply(this, args);
      steps += Math.max(1, COSTS[name](String(this), args, result));
      return result;
    };
  }
  try {
    work();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return steps;
}
