import { filesBelow } from "../repository.ts";

export interface Plan {
  /** Pure or cheap: run together. */
  readonly unit: readonly string[];
  /** Boot a server, a browser, or processes that are killed: one at a time, after the others. */
  readonly boot: readonly string[];
}

const FOLDERS = ["packages", "apps", "examples", "tools", "bench"];

/** Without filters, all tests; otherwise those whose path contains a filter. */
export function discover(root: string, filters: readonly string[]): Plan {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, "").replace(/\/$/, ""));
  const files = FOLDERS.flatMap((folder) => filesBelow(root, folder, isTest));
  const chosen = files.filter(
    (file) => wanted.length === 0 || wanted.some((filter) => file.includes(filter)),
  );
  return { unit: chosen.filter((file) => !boots(file)), boot: chosen.filter(boots) };
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

function boots(path: string): boolean {
  return /^(apps|examples)\//.test(path) && /\/(test|e2e)\//.test(path);
}
