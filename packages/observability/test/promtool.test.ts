import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { requireService } from "@rempart/testing";
import { rehearse, SHIPPED_GROUPS, toRuleFile, toRuleTests } from "../src/index.ts";

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

const ruleFile = toRuleFile(SHIPPED_GROUPS);
const expected = SHIPPED_GROUPS.flatMap(({ rules }) => rules).map((rule) => ({
  rule,
  firing: rehearse(rule).firing,
}));

test("the generated rules are rules, and fire and resolve in Prometheus as they do here", {
  skip,
}, async () => {
  const files = { "rules.yml": ruleFile, "tests.yml": toRuleTests("rules.yml", expected) };
  await inFiles(files, async (cwd) => {
    await run(promtool, ["check", "rules", "rules.yml"], { cwd });
    await run(promtool, ["test", "rules", "tests.yml"], { cwd });
  });
});

test("promtool does notice when an alert is missing", { skip }, async () => {
  const silent = expected.map(({ rule }) => ({ rule, firing: [] }));
  await inFiles({ "rules.yml": ruleFile, "tests.yml": toRuleTests("rules.yml", silent) }, async (cwd) => {
    await assert.rejects(run(promtool, ["test", "rules", "tests.yml"], { cwd }));
  });
});

test("the same rules give the same bytes", () => {
  assert.equal(toRuleFile(SHIPPED_GROUPS), ruleFile);
});
