import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { unionsOf } from "../reference/errors.ts";
import { ROOT } from "../repository.ts";
import { boundaries } from "./boundaries.ts";
import type { Check } from "./check.ts";
import { cyclesIn } from "./cycles.ts";
import { documentation } from "./documentation.ts";
import { examples } from "./examples.ts";
import { fileLength } from "./file-length.ts";
import { generated } from "./generated.ts";
import { importsOf } from "./imports.ts";
import { isPermissive, licences } from "./licences.ts";
import { lockFile } from "./lock-file.ts";
import { format, types, unused } from "./programs.ts";
import { differences } from "./reference.ts";
import { runbookProblems } from "./runbooks.ts";

type Files = Readonly<Record<string, string | object>>;

/** A repository of two packages with nothing wrong in it. */
const SOUND: Files = {
  "package.json": { name: "x", workspaces: ["packages/*"] },
  "package-lock.json": {
    packages: {
      "": { name: "x" },
      "packages/kernel": { name: "@rempart/kernel" },
      "packages/edge": { name: "@rempart/edge", dependencies: { "@rempart/kernel": "0.1.0" } },
    },
  },
  "packages/kernel/package.json": { name: "@rempart/kernel", exports: { ".": "./src/index.ts" } },
  "packages/kernel/src/index.ts": `export const one = 1;\n`,
  "packages/kernel/README.md": "# Kernel\n\n## Guarantees and limits\n",
  "packages/kernel/THREATS.md": "# T\n\n## Assumptions\n\n## Guarantees\n\n## Not vulnerabilities\n",
  "packages/edge/package.json": {
    name: "@rempart/edge",
    exports: { ".": "./src/index.ts" },
    dependencies: { "@rempart/kernel": "0.1.0" },
  },
  "packages/edge/src/index.ts": `export { one } from "@rempart/kernel";\n`,
  "packages/edge/README.md":
    "# Edge\n\n## Limits\n\nSee [the kernel](../kernel/README.md#guarantees-and-limits).\n",
  "packages/edge/THREATS.md": "# T\n\n## Assumptions\n\n## Guarantees\n\n## Not vulnerabilities\n",
  "docs/decisions/README.md": "# Decisions\n\n[1](0001-first.md)\n",
  "docs/decisions/0001-first.md": "# 1. First\n",
};

/** The problems of `check` in the sound repository with `changes`. */
async function problemsWith(check: Check, changes: Files = {}): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "rempart-check-"));
  try {
    for (const [path, content] of Object.entries({ ...SOUND, ...changes })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    return (await check.run(root)).problems;
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function assertFails(check: Check, changes: Files, pattern: RegExp): Promise<void> {
  const problems = await problemsWith(check, changes);
  assert.ok(
    problems.some((problem) => pattern.test(problem)),
    `${check.name}: ${pattern} not in ${JSON.stringify(problems)}`,
  );
}

test("a sound repository passes", async () => {
  for (const check of [boundaries, documentation, licences, lockFile, fileLength]) {
    assert.deepEqual(await problemsWith(check), [], check.name);
  }
});

test("boundaries: each kind of import that points the wrong way", async () => {
  const edge = (source: string) => ({ "packages/edge/src/wrong.ts": `${source}\n` });
  const kernel = (source: string) => ({ "packages/kernel/src/wrong.ts": `${source}\n` });
  await assertFails(
    boundaries,
    kernel(`import { one } from "@rempart/edge";`),
    /must not import packages\/edge/,
  );
  await assertFails(boundaries, kernel(`import type { One } from "@rempart/edge";`), /must not import/);
  await assertFails(boundaries, kernel(`import { readFile } from "node:fs";`), /without Node/);
  await assertFails(boundaries, kernel(`export const fs = await import("node:fs");`), /without Node/);
  await assertFails(
    boundaries,
    edge(`import { x } from "@rempart/kernel/src/inside.ts";`),
    /not a public entry/,
  );
  await assertFails(
    boundaries,
    edge(`import { x } from "../../kernel/src/index.ts";`),
    /leaves its workspace/,
  );
  await assertFails(boundaries, edge(`import { x } from "@rempart/nobody";`), /no workspace/);
});

test("boundaries: an adapter may use Node, the core may not", async () => {
  const source = `import http from "node:http";\n`;
  assert.deepEqual(await problemsWith(boundaries, { "packages/edge/src/adapters/node.ts": source }), []);
  await assertFails(boundaries, { "packages/edge/src/policies/node.ts": source }, /without Node/);
});

test("boundaries: a cycle, a foreign dependency, a package the table does not know", async () => {
  await assertFails(
    boundaries,
    {
      "packages/kernel/src/a.ts": `import "./b.ts";\n`,
      "packages/kernel/src/b.ts": `export * from "./a.ts";\n`,
    },
    /cycle/,
  );
  await assertFails(
    boundaries,
    { "packages/kernel/package.json": { name: "@rempart/kernel", dependencies: { lodash: "1.0.0" } } },
    /third-party/,
  );
  await assertFails(boundaries, { "packages/new/package.json": { name: "@rempart/new" } }, /does not say/);
});

test("imports are found in every form, and not in comments", () => {
  const source = `
import a from "a";
import type { B } from "b";
import {
  c,
  d,
} from "c";
export * from "e";
// import f from "f";
/* import g from "g"; */
const h = await import("h");
import "i";
`;
  const found = importsOf(source).map(({ specifier, eager }) => `${specifier}${eager ? "" : "?"}`);
  assert.deepEqual(found, ["a", "b?", "c", "e", "i", "h?"]);
});

test("cycles: a chain has none, a loop is told from where it closes", () => {
  assert.deepEqual(
    cyclesIn(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
      ]),
    ),
    [],
  );
  assert.deepEqual(
    cyclesIn(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
    ),
    [["b", "c", "b"]],
  );
});

test("licences: what is not on the list", async () => {
  const locked = (license: string) => ({
    "package-lock.json": { packages: { "node_modules/thing": { license } } },
  });
  await assertFails(licences, locked("GPL-3.0-only"), /thing: GPL/);
  await assertFails(licences, locked("MPL-2.0"), /thing: MPL/);
  await assertFails(
    licences,
    { "package-lock.json": { packages: { "node_modules/thing": {} } } },
    /no licence stated/,
  );
  assert.ok(isPermissive("(MIT OR GPL-3.0-only)"));
  assert.ok(!isPermissive("MIT AND GPL-3.0-only"));
});

test("lock-file: a manifest ahead of it, a registry in it, a package without a digest", async () => {
  const kernel = { name: "@rempart/kernel", exports: {}, dependencies: { zod: "4.0.0" } };
  await assertFails(lockFile, { "packages/kernel/package.json": kernel }, /differ from package-lock/);
  const lock = (entry: object) => ({ "package-lock.json": { packages: { "node_modules/thing": entry } } });
  await assertFails(
    lockFile,
    lock({ resolved: "https://registry.example/thing.tgz", integrity: "sha512-x" }),
    /names a registry/,
  );
  await assertFails(lockFile, lock({}), /no integrity/);
});

test("documentation: missing pages and headings, broken links, machine paths, decisions out of order", async () => {
  await assertFails(documentation, { "packages/kernel/README.md": "# Kernel\n" }, /no heading about/);
  await assertFails(
    documentation,
    { "packages/new/package.json": { name: "n" } },
    /packages\/new\/README.md is missing/,
  );
  await assertFails(documentation, { "docs/a.md": "[gone](gone.md)\n" }, /gone.md does not exist/);
  await assertFails(documentation, { "docs/a.md": "[x](decisions/README.md#nothing)\n" }, /names no heading/);
  await assertFails(
    documentation,
    { "docs/a.md": `In /${"home"}/somebody/rempart.\n` },
    /somebody's machine/,
  );
  await assertFails(
    documentation,
    { "docs/decisions/0001-again.md": "# 1. Again\n" },
    /has this number already/,
  );
  await assertFails(documentation, { "docs/decisions/0002-new.md": "# 2. New\n" }, /does not list it/);
});

test("documentation: a test that a page names must exist, and a row that is proven names one", async () => {
  const files = {
    "docs/a.test.ts": 'test("it holds", () => {});\n',
    "docs/a.md": '| row | proven by the tests |\n| --- | --- |\n| 1 | [a](a.test.ts) "it holds" |\n',
  };
  const renamed = { ...files, "docs/a.test.ts": 'test("it held", () => {});\n' };
  await assertFails(documentation, renamed, /a.test.ts has no test "it holds"/);
  const unnamed = { ...files, "docs/a.md": files["docs/a.md"].replace(' "it holds"', "") };
  await assertFails(documentation, unnamed, /no test is named for the row 1/);
  const page = files["docs/a.md"].replace('"it holds"', '"it holds", "and this"');
  await assertFails(documentation, { ...files, "docs/a.md": page }, /has no test "and this"/);
});

test("examples: one that does not compile is told by page and line", async () => {
  const root = mkdtempSync(join(ROOT, "node_modules/.rempart-check-"));
  try {
    symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    symlinkSync(join(ROOT, "tsconfig.base.json"), join(root, "tsconfig.base.json"));
    writeFileSync(
      join(root, "a.md"),
      "Text\n\n```ts\nconst n: number = given;\nconst m: number = 'x';\n```\n",
    );
    const { problems } = await examples.run(root);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] as string, /^a\.md:5 TS2322/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("reference: a page that differs, and one that is missing", () => {
  const wanted = new Map([
    ["package.json", "something else"],
    ["nowhere.md", ""],
  ]);
  assert.equal(differences(ROOT, wanted).length, 2);
});

test("runbooks: a page that is missing, one that nobody finds, and one without a section", () => {
  const page = "# P\n\n## Look\n\n## Do\n\n## Escalate\n";
  const pages = { "README.md": "[a](a.md)", "a.md": page };
  const problems = (rules: string[], more: Record<string, string> = {}) =>
    runbookProblems(
      rules.map((runbook) => ({ name: "Rule", runbook })),
      new Map(Object.entries({ ...pages, ...more })),
    );
  assert.deepEqual(problems(["a"]), []);
  assert.deepEqual(problems(["b"]), ["Rule leads to docs/runbooks/b.md, which is not there"]);
  assert.equal(problems(["a"], { "c.md": page }).length, 1);
  assert.equal(problems(["a"], { "a.md": "# P\n\n## Look\n\n## Do\n" }).length, 1);
});

test("generated: a file that is missing or changed, and one that nothing generates any more", async () => {
  const folders = ["ops/prometheus/rules", "ops/prometheus/tests", "ops/grafana/dashboards"];
  const old = Object.fromEntries(folders.map((folder) => [`${folder}/old`, ""]));
  const problems = await problemsWith(generated, { ...old, "ops/prometheus/prometheus.yml": "changed" });
  const about = (path: string) => problems.filter((problem) => problem.startsWith(`${path} `)).length;
  assert.equal(about("ops/prometheus/prometheus.yml"), 1);
  assert.equal(about("ops/alertmanager/alertmanager.yml"), 1);
  for (const folder of folders) assert.equal(about(`${folder}/old`), 1, folder);
});

test("reference: codes are read with their comments, however they are written", () => {
  const source = `
/**
 * - \`b\`: told above.
 */
export type TestErrorCode =
  /** Told here. */
  | "a"
  | "b"
  | "c";
`;
  const [union] = unionsOf("x.ts", source);
  assert.deepEqual(union?.codes, [
    { code: "a", meaning: "Told here." },
    { code: "b", meaning: "told above." },
    { code: "c", meaning: "" },
  ]);
});

test("file-length: a long file is pointed out and does not fail", async () => {
  const root = mkdtempSync(join(tmpdir(), "rempart-check-"));
  writeFileSync(join(root, "long.ts"), "\n".repeat(500));
  const outcome = await fileLength.run(root);
  assert.deepEqual([outcome.problems.length, outcome.notes?.length], [0, 1]);
  rmSync(root, { recursive: true });
});

test("types, format, unused: a program that ends badly, or is missing, fails the check", async () => {
  for (const check of [types, format, unused]) {
    await assertFails(check, {}, /./);
    const shell = `#!/bin/sh\necho "wrong here"\nexit 1\n`;
    const root = mkdtempSync(join(tmpdir(), "rempart-check-"));
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
    for (const name of ["tsc", "biome", "knip"]) {
      writeFileSync(join(root, "node_modules/.bin", name), shell, { mode: 0o755 });
    }
    const { problems } = await check.run(root);
    assert.match(problems.join(), /wrong here/, check.name);
    rmSync(root, { recursive: true });
  }
});
