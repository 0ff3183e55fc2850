import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fingerprint } from "./build.mjs";
import { lastLines, reasonFor } from "./error.mjs";
import { isCurrent } from "./install.mjs";

const here = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

function temporary() {
  const path = mkdtempSync(join(tmpdir(), "rempart-bootstrap-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function script(source: string): ChildProcess & { text(): string } {
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  return Object.assign(child, { text: () => text });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("supervise hands on the exit code, and the signal once however often it is told at once", async () => {
  const inner = `
    let count = 0;
    const end = () => { console.log("signals", count); process.exit(7); };
    process.on("SIGINT", () => { count += 1; setTimeout(end, 500); });
    setInterval(() => {}, 1000);
    console.log("ready");`;
  const outer = script(`
    import { supervise } from ${here("supervise.mjs")};
    process.exitCode = await supervise(process.execPath, ["-e", ${JSON.stringify(inner)}], { cwd: process.cwd() });`);
  const end = ended(outer);
  await until(() => outer.text().includes("ready"));
  outer.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  outer.kill("SIGINT");
  assert.equal(await end, 7);
  assert.match(outer.text(), /signals 1\b/);
});

test("supervise: when the bootstrap is killed, the program learns of it", async () => {
  using place = temporary();
  const mark = join(place.path, "mark");
  const inner = `
    const { writeFileSync } = require("node:fs");
    process.on("disconnect", () => { writeFileSync(${JSON.stringify(mark)}, "gone"); process.exit(); });
    console.log("ready"); setInterval(() => {}, 1000);`;
  const outer = script(`
    import { supervise } from ${here("supervise.mjs")};
    await supervise(process.execPath, ["-e", ${JSON.stringify(inner)}], { cwd: process.cwd() });`);
  await until(() => outer.text().includes("ready"));
  outer.kill("SIGKILL");
  await until(() => existsSync(mark));
});

test("supervise: under npm, losing the shell in between is the wish to stop", async () => {
  const program = JSON.stringify(
    "process.on('SIGTERM', () => { console.log('told to stop'); process.exit(0); }); setInterval(() => {}, 1000); console.log('ready');",
  );
  const bootstrap = `import { supervise } from ${here("supervise.mjs")}; await supervise(process.execPath, ["-e", ${program}], { cwd: "." });`;
  const shell = spawn("sh", ["-c", '"$NODE" --input-type=module -e "$SOURCE"; true'], {
    env: { ...process.env, NODE: process.execPath, SOURCE: bootstrap, npm_lifecycle_event: "start" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  shell.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await until(() => text.includes("ready"));
  shell.kill("SIGTERM");
  await until(() => text.includes("told to stop"));
});

test("hold: one at a time; a lock whose process is gone is taken over", async () => {
  using place = temporary();
  const log = join(place.path, "log");
  writeFileSync(join(place.path, "setup.lock"), "999999999");
  const one = `
    import { appendFileSync } from "node:fs";
    import { hold } from ${here("hold.mjs")};
    const release = await hold("setup", { note() {} }, ${JSON.stringify(place.path)});
    appendFileSync(${JSON.stringify(log)}, "in ");
    await new Promise((resolve) => setTimeout(resolve, 150));
    appendFileSync(${JSON.stringify(log)}, "out ");
    release();`;
  await Promise.all([script(one), script(one), script(one)].map(ended));
  assert.equal(readFileSync(log, "utf8"), "in out in out in out ");
});

test("the stamp: full satisfies run, run does not satisfy full, another lock file satisfies nothing", async () => {
  assert.ok(isCurrent({ fingerprint: "a", mode: "full" }, "a", "run"));
  assert.ok(!isCurrent({ fingerprint: "a", mode: "run" }, "a", "full"));
  assert.ok(!isCurrent({ fingerprint: "b", mode: "full" }, "a", "run"));
  assert.ok(!isCurrent(null, "a", "run"));
});

test("the web client's fingerprint follows its sources, not its tests or its output", async () => {
  using place = temporary();
  mkdirSync(join(place.path, "web/dist"), { recursive: true });
  writeFileSync(join(place.path, "web/a.ts"), "1");
  const before = fingerprint(place.path, ["web"]);
  writeFileSync(join(place.path, "web/a.test.ts"), "1");
  writeFileSync(join(place.path, "web/dist/a.js"), "1");
  assert.equal(fingerprint(place.path, ["web"]), before);
  writeFileSync(join(place.path, "web/a.ts"), "2");
  assert.notEqual(fingerprint(place.path, ["web"]), before);
});

test("npm's error codes become something to do; its stack is left out", async () => {
  assert.match(reasonFor("npm error code ENOSPC") ?? "", /disk is full/);
  assert.match(reasonFor("npm error code EACCES") ?? "", /another user/);
  assert.match(reasonFor("npm error errno EAI_AGAIN") ?? "", /could not be reached/);
  assert.equal(reasonFor("something else"), null);
  assert.equal(
    lastLines("npm error code X\nnpm error     at y (z:1:2)\n\nnpm error {\n"),
    "npm error code X",
  );
});
