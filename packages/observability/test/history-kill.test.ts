import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { until } from "@rempart/testing";
import { HistoryFiles } from "../src/history/files.ts";

const scratch = await mkdtemp(join(tmpdir(), "history-kill-"));
after(() => rm(scratch, { recursive: true, force: true }));

const STEP_MS = 15_000;
const INTERVAL_MS = 120_000;
const TICKS = INTERVAL_MS / STEP_MS;
const ROUNDS = 4;

interface Told {
  readonly at: number;
  /** Of the newest sample before. */
  readonly before: number | null;
}

const start = (directory: string): ChildProcess =>
  fork(new URL("./fixtures/history-process.ts", import.meta.url), [directory]);

async function look(child: ChildProcess, at: number): Promise<Told> {
  const answered = once(child, "message");
  child.send({ at });
  const [told] = await answered;
  assert.ok("at" in told, JSON.stringify(told));
  return told;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Resolves when the process has begun to write one beside its place. */
function beginsToSave(directory: string): { begun: Promise<unknown>; close(): void } {
  const watcher = watch(directory);
  const { promise, resolve } = Promise.withResolvers<void>();
  watcher.on("change", (_, name) => {
    if (String(name).endsWith(".new")) resolve();
  });
  return { begun: promise, close: () => watcher.close() };
}

test("a process that is killed while it saves loses what came since the last time, and no more", async () => {
  const directory = join(scratch, "history");
  let child = start(directory);
  let at = 1_790_000_010_000;
  await look(child, at);
  for (let round = 0; round < ROUNDS; round += 1) {
    // It saves with its first look, and then when the interval is over.
    await until(async () => (await new HistoryFiles(directory).read())?.at === at);
    const saving = beginsToSave(directory);
    for (let tick = 0; tick < TICKS; tick += 1) {
      at += STEP_MS;
      await look(child, at);
    }
    await saving.begun;
    saving.close();
    await kill(child);
    child = start(directory);
    const last = at;
    at += STEP_MS;
    const { before } = await look(child, at);
    assert.ok(before !== null && before >= last - INTERVAL_MS && before <= last, `${before} of ${last}`);
  }
  await kill(child);
});
