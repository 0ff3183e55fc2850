import { filesBelow } from "../repository.ts";

const FOLDERS = ["packages", "apps", "examples", "tools", "bench"];

/** Without filters, all tests; otherwise those whose path contains a filter. What boots something stands first: it takes longest. */
export function discover(root: string, filters: readonly string[]): string[] {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, "").replace(/\/$/, ""));
  const chosen = FOLDERS.flatMap((folder) => filesBelow(root, folder, isTest)).filter(
    (file) => wanted.length === 0 || wanted.some((filter) => file.includes(filter)),
  );
  return chosen.sort((a, b) => weight(b) - weight(a));
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** A browser, then a server or processes that are killed, then the rest. */
function weight(path: string): number {
  if (path.includes("/e2e/")) return 2;
  return path.includes("/test/") ? 1 : 0;
}
