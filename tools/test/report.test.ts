import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../repository.ts";
import { createReport, type Total } from "./report.ts";

const here = (name: string): string => JSON.stringify(import.meta.resolve(name));

/** Runs files and prints what came of them as JSON. In a process of its own: node:test runs no files from within a test. */
function runner(files: readonly string[], timeoutMs: number): string {
  return `
    import { createReport } from ${here("./report.ts")};
    import { runAgain, runFiles } from ${here("./run-files.ts")};
    let text = "";
    const report = createReport({ write: (part) => (text += part) });
    const { signal } = new AbortController();
    const options = { concurrency: 2, timeoutMs: ${timeoutMs}, env: process.env, report, signal };
    await runFiles(${JSON.stringify(files)}, options);
    const once = report.failed().length;
    await runAgain(options);
    console.log(JSON.stringify({ once, total: report.conclude(false), text }));`;
}

interface Outcome {
  /** How many files failed the first time. */
  readonly once: number;
  readonly total: Total;
  readonly text: string;
}

/** Of files with these sources, in a directory that is theirs. */
function outcome(sources: string | readonly string[], timeoutMs = 20_000): Outcome {
  const directory = mkdtempSync(join(tmpdir(), "rempart-runner-"));
  try {
    const paths = [sources].flat().map((source, index) => {
      const path = join(directory, `case-${index}.test.mjs`);
      writeFileSync(path, `import { describe, test } from "node:test";\n${source}\n`);
      return relative(ROOT, path);
    });
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const program = join(directory, "runner.mjs");
    writeFileSync(program, runner(paths, timeoutMs));
    return JSON.parse(execFileSync(process.execPath, [program], { env, encoding: "utf8" }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("tests are counted once: suites and parents of failed subtests are not", () => {
  const { total } = outcome(`
    test("fine", () => {});
    test("parent", async (t) => { await t.test("child", () => { throw new Error("child failed"); }); });
    describe("suite", () => { test("inside", () => {}); });
  `);
  assert.deepEqual(total, { passed: 2, failed: 1, skipped: 0 });
});

test("a skip shows its reason", () => {
  const { total, text } = outcome(`test("needs it", { skip: "no Redis here" }, () => {});`);
  assert.equal(total.skipped, 1);
  assert.match(text, /needs it: no Redis here/);
});

test("a file that exits early, has no test, or throws while loading has failed", () => {
  const { total } = outcome(["process.exit(0);", "process.exit(3);", "", "throw new Error('broken');"]);
  assert.deepEqual(total, { passed: 0, failed: 4, skipped: 0 });
});

test("a failure shows what the file printed when it crashed", () => {
  const { text } = outcome(`console.error("last words"); process.exit(3);`);
  assert.match(text, /last words/);
});

test("a file that never ends is ended and has failed", () => {
  const { total } = outcome(`test("hangs", () => new Promise(() => setInterval(() => {}, 1000)));`, 1_500);
  assert.equal(total.failed, 1);
});

/** Does this in its first run, and passes in the next. */
const unsteady = (first: string): string => `
  import { existsSync, writeFileSync } from "node:fs";
  const mark = new URL(import.meta.url + ".mark");
  const isFirst = !existsSync(mark);
  writeFileSync(mark, "");
  test("steady", () => {});
  test("races", async () => { if (isFirst) { ${first} } });`;
const LOSES = unsteady("throw new Error('lost the race');");

test("what fails or crashes beside others and passes alone is told, and counts as it ended", () => {
  const { once, total, text } = outcome([LOSES, unsteady("process.exit(3);"), `test("fine", () => {});`]);
  assert.equal(once, 2);
  assert.deepEqual(total, { passed: 5, failed: 0, skipped: 0 });
  const [, told = ""] = text.split("\nUnsteady: failed beside others, passed alone\n");
  assert.match(told, /✗ .*case-0\.test\.mjs › races\n {4}Error: lost the race\n {8}at /);
  assert.match(told, /✗ .*case-1\.test\.mjs › \(file\)\n/);
});

test("what fails twice has failed, whatever passes beside it", () => {
  const { total, text } = outcome([LOSES, `test("breaks", () => { throw new Error("broken"); });`]);
  assert.deepEqual(total, { passed: 2, failed: 1, skipped: 0 });
  assert.equal(text.split("Error: broken").length, 2, "told once");
});

test("three files that fail are no lost race: none is run again", () => {
  const { once, total, text } = outcome([LOSES, LOSES, LOSES]);
  assert.equal(once, 3);
  assert.deepEqual(total, { passed: 3, failed: 3, skipped: 0 });
  assert.doesNotMatch(text, /Unsteady/);
});

test("a file that did not end in time may pass alone as well", () => {
  let text = "";
  const report = createReport({ write: (part) => (text += part) });
  report.open("slow.test.ts").close({ milliseconds: 240_000, overran: true });
  assert.deepEqual(report.failed(), ["slow.test.ts"]);
  report.open("slow.test.ts").close({ milliseconds: 1_000, overran: false });
  assert.deepEqual(report.failed(), []);
  assert.equal(report.conclude(false).failed, 0);
  assert.match(text, /Unsteady.*\n\n✗ slow\.test\.ts › \(file\)\n {4}The file did not end in time\./);
});
