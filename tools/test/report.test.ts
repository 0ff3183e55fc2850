import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../repository.ts";
import { createReport } from "./report.ts";
import { runFiles } from "./run-files.ts";

// node:test refuses to run files from within a test file; without this variable it does not know.
delete process.env.NODE_TEST_CONTEXT;

async function outcome(source: string, timeoutMs = 20_000) {
  const directory = mkdtempSync(join(tmpdir(), "rempart-runner-"));
  try {
    const path = join(directory, "case.test.mjs");
    writeFileSync(path, `import { describe, test } from "node:test";\n${source}\n`);
    let text = "";
    const report = createReport({ write: (part) => (text += part) });
    const signal = new AbortController().signal;
    await runFiles([relative(ROOT, path)], { concurrency: 1, timeoutMs, env: process.env, report, signal });
    return { total: report.conclude(false), text };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("tests are counted once: suites and parents of failed subtests are not", async () => {
  const { total } = await outcome(`
    test("fine", () => {});
    test("parent", async (t) => { await t.test("child", () => { throw new Error("child failed"); }); });
    describe("suite", () => { test("inside", () => {}); });
  `);
  assert.deepEqual(total, { passed: 2, failed: 1, skipped: 0 });
});

test("a skip shows its reason", async () => {
  const { total, text } = await outcome(`test("needs it", { skip: "no Redis here" }, () => {});`);
  assert.equal(total.skipped, 1);
  assert.match(text, /needs it: no Redis here/);
});

test("a file that exits early, has no test, or throws while loading has failed", async () => {
  for (const source of ["process.exit(0);", "process.exit(3);", "", "throw new Error('broken');"]) {
    const { total } = await outcome(source);
    assert.deepEqual(total, { passed: 0, failed: 1, skipped: 0 }, source);
  }
});

test("a failure shows what the file printed when it crashed", async () => {
  const { text } = await outcome(`console.error("last words"); process.exit(3);`);
  assert.match(text, /last words/);
});

test("a file that never ends is ended and has failed", async () => {
  const { total } = await outcome(
    `test("hangs", () => new Promise(() => setInterval(() => {}, 1000)));`,
    1_500,
  );
  assert.equal(total.failed, 1);
});
