import { visible } from "@rempart/kernel/masking";
import { table } from "../table.ts";
import type { WeeklyReport } from "./weekly.ts";

/** Figures and details come from counters, packages and messages of others: nothing in them may move the cursor. */
export function reportText({ at, verdict, items }: WeeklyReport): string {
  const rows = items.map((item) => [
    item.verdict.toUpperCase(),
    item.title,
    visible(item.figure),
    item.target,
  ]);
  const more = items
    .filter((item) => item.verdict !== "pass")
    .map(({ title, advice, details = [] }) =>
      [`${title}:`, `  ${advice}`, ...details.map((detail) => `  - ${visible(detail)}`)].join("\n"),
    );
  const head = `Weekly check of ${new Date(at).toISOString()}: ${verdict}`;
  return [head, table([["", "item", "found", "target"], ...rows]), ...more].join("\n\n");
}
