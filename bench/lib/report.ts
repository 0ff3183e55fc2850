/** What every bench shares: who measured, the middle of several rounds, and a table people can read. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError("median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The value below which the share `q` (0 to 1) of the samples lies: nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new TypeError("quantile of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] as number;
}

export type Row = readonly (string | number)[];

export function table(head: readonly string[], rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function ratio(value: number): string {
  return value.toFixed(2);
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  const dirty =
    git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)bench/results") === ""
      ? ""
      : " with local changes";
  return git("rev-parse", "--short", "HEAD") + dirty;
}

/** Machine, date and commit: without them a figure cannot be compared with another. */
export function provenance(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Commit: ${commit()}`,
    `- Machine: ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${memory} GiB, shared with other work`,
    `- Node ${process.versions.node}`,
  ].join("\n");
}

/** Writes `bench/results/<name>.md` and prints the same. */
export function writeReport(name: string, title: string, sections: readonly string[]): void {
  const text = `${[`# ${title}`, provenance(), ...sections].join("\n\n")}\n`;
  writeFileSync(new URL(`../results/${name}.md`, import.meta.url), text);
  process.stdout.write(`\n${text}`);
}
