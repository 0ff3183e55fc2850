import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const FIXTURE = fileURLToPath(new URL("fixtures/process.ts", import.meta.url));

function start(behaviour: string) {
  const child = spawn(process.execPath, [FIXTURE, behaviour], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, output, errors }));
  const ready = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  return { child, ended, ready };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} stops the process cleanly with exit code 0`, async () => {
    const { child, ended, ready } = start("clean");
    await ready;
    child.kill(signal);
    const end = await ended;
    assert.deepEqual({ code: end.code, output: end.output }, { code: 0, output: "ready\nstopped\n" });
  });
}

test("a second signal ends a process that does not stop", async () => {
  const { child, ended, ready } = start("stuck");
  await ready;
  child.kill("SIGINT");
  // Two equal signals may be merged while the first is pending, so the second is another one.
  child.kill("SIGTERM");
  const { code } = await ended;
  assert.ok(code === 128 + 15 || code === 128 + 2, String(code));
});

test("a component that leaks a handle does not keep the process for ever", async () => {
  const { child, ended, ready } = start("leaking");
  await ready;
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);
});

test("a coded error ends the process with one line and exit code 1", async () => {
  const { code, errors } = await start("failing").ended;
  assert.equal(code, 1);
  assert.equal(errors, "Cannot start ticker: PORT is taken: choose another\n");
});

test("a defect of ours ends the process with its stack", async () => {
  const { code, errors } = await start("defect").ended;
  assert.equal(code, 1);
  assert.match(errors, /^TypeError: undefined is not a function\n +at /);
});
