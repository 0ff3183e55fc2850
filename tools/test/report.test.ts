import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../repository.ts";
import type { Total } from "./report.ts";

const here = (name: string): string => JSON.stringify(import.meta.resolve(name));

/** Runs one file and prints what came of it as JSON. In a process of its own: node:test runs no files from within a test. */
function runner(file: string, timeoutMs: number): string {
  return `
    import { createReport } from ${here("./report.ts")};
    import { runFiles } from ${here("./run-files.ts")};
    let text = "";
    const report = createReport({ write: (part) => (text += part) });
    const { signal } = new AbortController();
    await runFiles([${JSON.stringify(file)}], { concurrency: 1, timeoutMs: ${timeoutMs}, env: process.env, report, signal });
    console.log(JSON.stringify({ total: report.conclude(false), text }));`;
}

function outcome(source: string, timeoutMs = 20_000): { total: Total; text: string } {
  const directory = mkdtempSync(join(tmpdir(), "rempart-runner-"));
  try {
    const path = join(directory, "case.test.mjs");
    writeFileSync(path, `import { describe, test } from "node:test";\n${source}\n`);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const program = join(directory, "runner.mjs");
    writeFileSync(program, runner(relative(ROOT, path), timeoutMs));
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
  for (const source of ["process.exit(0);", "process.exit(3);", "", "throw new Error('broken');"]) {
    const { total } = outcome(source);
    assert.deepEqual(total, { passed: 0, failed: 1, skipped: 0 }, source);
  }
});

test("a failure shows what the file printed when it crashed", () => {
  const { text } = outcome(`console.error("last words"); process.exit(3);`);
  assert.match(text, /last words/);
});

test("a file that never ends is ended and has failed", () => {
  const { total } = outcome(`test("hangs", () => new Promise(() => setInterval(() => {}, 1000)));`, 1_500);
  assert.equal(total.failed, 1);
});
