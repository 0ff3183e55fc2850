import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { directoryRepository, drillAside, readDrills, type SideDrillOptions } from "@rempart/database/backup";
import { scratchPlace, until } from "@rempart/testing";
import { isAlive } from "../../src/embedded/processes.ts";
import { keyringIn } from "./kit.ts";

const FIXTURES = new URL("./fixtures/", import.meta.url);
let place: string;
let vault: Parameters<typeof drillAside>[0] & { readonly sealing: ReturnType<typeof keyringIn> };

before(async () => {
  place = await mkdtemp(join(await scratchPlace(), "rempart-aside-"));
  vault = {
    repository: directoryRepository(join(place, "repository")),
    sealing: keyringIn(join(place, "key")),
  };
});
after(async () => {
  vault.sealing[Symbol.dispose]();
  await rm(place, { recursive: true, force: true });
});

function drillThat(behaviour: string, options: Partial<SideDrillOptions> = {}) {
  const environment = { ...process.env, DRILL: behaviour, DRILL_STOPPED: join(place, "stopped") };
  const module = new URL("drill-process.ts", FIXTURES);
  return drillAside(vault, { module, engine: "built-in", environment, ...options });
}

test("its progress and its outcome are told, and it yields to others", async () => {
  const told: number[] = [];
  const record = await drillThat("ends", { onProgress: ({ doneBytes }) => told.push(doneBytes) });
  assert.deepEqual(record, { startedAt: 1_000, passed: false, error: "niceness 10" });
  assert.deepEqual(told, [1]);
});

/** What ends a drill without a word, and what is recorded of it. */
const FAILURES: readonly (readonly [string, Partial<SideDrillOptions>, RegExp])[] = [
  ["throws", {}, /failed: no$/],
  ["exits", {}, /ended with 7$/],
  ["dies", {}, /ended with SIGKILL$/],
  ["spins", { silenceMs: 1_000 }, /gave no sign of life for 1 s$/],
  ["waits", { limitMs: 1_000 }, /did not end within 1 s$/],
];

test("one that crashes, falls silent or does not end has failed, and that is kept", async (t) => {
  for (const [behaviour, options, said] of FAILURES)
    await t.test(behaviour, async () => {
      const record = await drillThat(behaviour, options);
      assert.ok("error" in record && said.test(record.error), JSON.stringify(record));
      assert.deepEqual((await readDrills(vault)).newest, record);
    });
});

test("a module that is not there has failed too", async () => {
  const record = await drillThat("ends", { module: new URL("nowhere.ts", FIXTURES) });
  assert.ok("error" in record && /ended with 1$/.test(record.error), JSON.stringify(record));
});

test("told to stop, it stops, and nothing is recorded", async () => {
  const { newest } = await readDrills(vault);
  const stopping = new AbortController();
  const stopped = drillThat("stops", { signal: stopping.signal });
  await until(() => existsSync(join(place, "stopped.pid")));
  stopping.abort(new Error("enough"));
  await assert.rejects(stopped, /enough/);
  assert.ok(existsSync(join(place, "stopped")));
  assert.deepEqual((await readDrills(vault)).newest, newest);
});

/** As who stops a service, or types Ctrl-C, tells all of its processes. */
test("told to stop by somebody else, it stops, and nothing is recorded", async (t) => {
  const { newest } = await readDrills(vault);
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    await t.test(signal, async () => {
      await rm(join(place, "stopped"), { force: true });
      await rm(join(place, "stopped.pid"), { force: true });
      const stopped = assert.rejects(drillThat("stops"), /told to stop/);
      await until(() => existsSync(join(place, "stopped.pid")));
      process.kill(Number(await readFile(join(place, "stopped.pid"), "utf8")), signal);
      await stopped;
      assert.ok(existsSync(join(place, "stopped")), "it cleaned up");
    });
  assert.deepEqual((await readDrills(vault)).newest, newest);
});

test("it ends with the process that asked for it, however that ended", async () => {
  await rm(join(place, "stopped"), { force: true });
  await rm(join(place, "stopped.pid"), { force: true });
  const parent = spawn(process.execPath, [fileURLToPath(new URL("drill-parent.ts", FIXTURES)), place], {
    stdio: "ignore",
  });
  await until(() => existsSync(join(place, "stopped.pid")));
  const pid = Number(await readFile(join(place, "stopped.pid"), "utf8"));
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await until(() => !isAlive(pid));
  assert.ok(existsSync(join(place, "stopped")), "it was told, and cleaned up");
});
