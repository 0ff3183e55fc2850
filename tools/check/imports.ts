/** A module that a file names: `from "x"`, `import "x"`, `import("x")`, `export … from "x"`. */
export interface Import {
  readonly specifier: string;
  /** Whether loading the file loads this module too: not so for an erased `import type`, nor for `import()`. */
  readonly eager: boolean;
}

const STATEMENT = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"'\n]+)["']\s*\)/g;

/** By pattern, not by parser: Biome keeps the source in the one form these patterns know. */
export function importsOf(source: string): Import[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const statements = [...code.matchAll(STATEMENT)].map((match) => ({
    specifier: match[3] as string,
    eager: match[2] === undefined,
  }));
  const dynamic = [...code.matchAll(DYNAMIC)].map((match) => ({
    specifier: match[1] as string,
    eager: false,
  }));
  return [...statements, ...dynamic];
}
