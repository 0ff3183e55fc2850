import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { requireService } from "@rempart/testing";
import { type Expected, toRuleFile, toRuleTests } from "../src/generators/index.ts";
import { PROMETHEUS_WATCH, rehearse, SHIPPED_GROUPS } from "../src/index.ts";

const run = promisify(execFile);
const { path: promtool = "", skip } = await requireService("promtool");

async function inFiles(
  files: Record<string, string>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "rempart-rules-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const groups = [...SHIPPED_GROUPS, PROMETHEUS_WATCH];
const ruleFile = toRuleFile(groups);
const expected = groups
  .flatMap(({ rules }) => rules)
  .map((rule) => ({
    rule,
    firing: rehearse(rule).firing,
  }));

/** A file of its own for each rule: promtool evaluates all rules of a test's files, all of them at one pace. */
function testFiles(cases: readonly Expected[]): Record<string, string> {
  const files = cases.flatMap(({ rule, firing }) => [
    [`${rule.name}.yml`, toRuleFile([{ name: "one", records: rule.reads ?? [], rules: [rule] }])],
    [`${rule.name}.test.yml`, toRuleTests(`${rule.name}.yml`, [{ rule, firing }])],
  ]);
  return Object.fromEntries(files);
}

async function testRules(cases: readonly Expected[]): Promise<void> {
  const files = testFiles(cases);
  const tests = Object.keys(files).filter((name) => name.endsWith(".test.yml"));
  await inFiles(files, async (cwd) => void (await run(promtool, ["test", "rules", ...tests], { cwd })));
}

test("the generated file is one that Prometheus takes", { skip }, async () => {
  await inFiles({ "rules.yml": ruleFile }, async (cwd) => {
    await run(promtool, ["check", "rules", "rules.yml"], { cwd });
  });
});

test("the generated rules are rules, and fire and resolve in Prometheus as they do here", {
  skip,
}, async () => {
  await testRules(expected);
});

test("promtool does notice when an alert is missing", { skip }, async () => {
  const [one] = expected;
  assert.ok(one !== undefined);
  await assert.rejects(testRules([{ ...one, firing: [] }]));
});

test("the same rules give the same bytes", () => {
  assert.equal(toRuleFile(groups), ruleFile);
});
