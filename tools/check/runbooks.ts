/**
 * An alert names a page that is there. Whoever it wakes follows that name at night: a page that is missing costs the minutes
 * that count, and one that neither an alert nor the index leads to is found by nobody.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { SHIPPED_GROUPS } from "@rempart/observability";
import { filesBelow } from "../repository.ts";
import type { Check } from "./check.ts";

const FOLDER = "docs/runbooks";
const INDEX = "README.md";
const SECTIONS = ["Look", "Do", "Escalate"];

export const runbooks: Check = {
  name: "runbooks",
  run: (root) => ({
    problems: runbookProblems(
      SHIPPED_GROUPS.flatMap(({ rules }) => rules),
      pagesOf(root),
    ),
  }),
};

type Pages = ReadonlyMap<string, string>;

function pagesOf(root: string): Pages {
  const paths = filesBelow(root, FOLDER, (path) => path.endsWith(".md"));
  return new Map(paths.map((path) => [basename(path), readFileSync(join(root, path), "utf8")]));
}

export function runbookProblems(
  rules: readonly { readonly name: string; readonly runbook: string }[],
  pages: Pages,
): string[] {
  const index = pages.get(INDEX) ?? "";
  const names = [...pages.keys()].filter((name) => name !== INDEX);
  return [
    ...rules
      .filter(({ runbook }) => !pages.has(`${runbook}.md`))
      .map(({ name, runbook }) => `${name} leads to ${FOLDER}/${runbook}.md, which is not there`),
    ...names
      .filter((name) => !index.includes(`](${name})`))
      .map((name) => `${FOLDER}/${name}: the index ${FOLDER}/${INDEX} does not lead there`),
    ...names.flatMap((name) =>
      SECTIONS.filter((section) => !pages.get(name)?.includes(`\n## ${section}\n`)).map(
        (section) => `${FOLDER}/${name} has no section "${section}"`,
      ),
    ),
  ];
}
