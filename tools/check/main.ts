import { ROOT } from "../repository.ts";
import { boundaries } from "./boundaries.ts";
import type { Check } from "./check.ts";
import { documentation } from "./documentation.ts";
import { examples } from "./examples.ts";
import { fileLength } from "./file-length.ts";
import { generated } from "./generated.ts";
import { licences } from "./licences.ts";
import { lockFile } from "./lock-file.ts";
import { format, types, unused } from "./programs.ts";
import { reference } from "./reference.ts";
import { runbooks } from "./runbooks.ts";

const CHECKS: readonly Check[] = [
  types,
  format,
  boundaries,
  unused,
  licences,
  lockFile,
  documentation,
  examples,
  reference,
  generated,
  runbooks,
  fileLength,
];

export async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    process.stdout.write(
      `No such check: ${unknown.join(", ")}. There are: ${CHECKS.map(({ name }) => name).join(", ")}.\n`,
    );
    return 1;
  }
  const failed: string[] = [];
  for (const check of CHECKS) {
    if (names.length > 0 && !names.includes(check.name)) continue;
    if (!(await report(check))) failed.push(check.name);
  }
  process.stdout.write(failed.length === 0 ? "All checks passed.\n" : `Failed: ${failed.join(", ")}.\n`);
  return failed.length === 0 ? 0 : 1;
}

async function report(check: Check): Promise<boolean> {
  const started = performance.now();
  const { problems, notes = [] } = await check.run(ROOT);
  const mark = problems.length === 0 ? "✓" : "✗";
  const lines = [`${mark} ${check.name}  ${((performance.now() - started) / 1000).toFixed(1)} s`];
  for (const problem of problems) lines.push(`    ${problem.replaceAll("\n", "\n    ")}`);
  for (const note of notes) lines.push(`    note: ${note}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  return problems.length === 0;
}
