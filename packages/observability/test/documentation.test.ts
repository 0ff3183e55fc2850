import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";

const PAGE = new URL("../../../docs/observability.md", import.meta.url);
const HERE = fileURLToPath(new URL(".", import.meta.url));

test("the objective that the documentation declares has its alerts and its document", async () => {
  const [, code = ""] = /^```ts\n([\s\S]*?)^```/m.exec(await readFile(PAGE, "utf8")) ?? [];
  const args = ["--input-type=module-typescript", "-e", code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: HERE });
  const [rules, ...documents] = parseAllDocuments(stdout.replace("\n# Generated", "\n---\n# Generated")).map(
    (one) => one.toJS(),
  );
  const names: string[] = rules.groups[0].rules.map((rule: { alert: string }) => rule.alert);
  const endings = ["BurnsFast", "Burns", "BurnsSlowly", "BurnsSteadily", "Absent"];
  assert.deepEqual(
    names,
    endings.map((ending) => `Selling${ending}`),
  );
  assert.equal(documents.at(-1).spec.objectives[0].target, 0.99);
});
