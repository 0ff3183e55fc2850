import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { HistoryFiles, type Take } from "./files.ts";
import { History } from "./history.ts";

const scratch = await mkdtemp(join(tmpdir(), "history-files-"));
after(() => rm(scratch, { recursive: true, force: true }));

const STEP = 15_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function taking(history: History): Take {
  return (from) => ({ beganAt: 0, records: [], subqueries: [], samples: history.kept(from), steps: [] });
}

function grow(history: History, from: number, to: number): void {
  for (let at = from; at < to; at += STEP) {
    for (const host of ["a", "b"])
      if (host === "a" || at < 3 * HOUR) history.append("load", { host }, at, at % 7);
  }
}

async function reread(directory: string): Promise<History> {
  const kept = await new HistoryFiles(directory).read();
  const history = new History();
  history.restore(kept?.samples ?? [], DAY);
  return history;
}

function samples(history: History): unknown[] {
  return [...history.named("load")].map((series) => [series.labels, series.between(0, DAY)]);
}

test("a whole one and the rest since then are what there was, whenever it is read", async () => {
  const directory = join(scratch, "grows");
  const files = new HistoryFiles(directory);
  const history = new History();
  assert.equal(await files.read(), null);
  for (let at = 0; at < 7 * HOUR; at += 20 * 60_000) {
    grow(history, at, at + 20 * 60_000);
    await files.write(at, taking(history));
    assert.deepEqual(samples(await reread(directory)), samples(history), `${at}`);
  }
  assert.deepEqual(await readdir(directory), ["rest", "whole"]);
});

test("what a process left half-written counts for nothing, nor does a rest of another whole one", async () => {
  const directory = join(scratch, "torn");
  const files = new HistoryFiles(directory);
  const history = new History();
  grow(history, 0, HOUR);
  await files.write(HOUR, taking(history));
  grow(history, HOUR, 2 * HOUR);
  await files.write(2 * HOUR, taking(history));
  await copyFile(join(directory, "rest"), join(scratch, "rest"));
  const before = samples(await reread(directory));
  await writeFile(join(directory, "rest.new"), "half");
  await writeFile(join(directory, "whole.new"), "half");
  assert.deepEqual(samples(await reread(directory)), before);
  grow(history, 2 * HOUR, 4 * HOUR);
  // The whole one is new, and the process ended before a rest of it was there.
  await files.write(4 * HOUR, taking(history));
  await copyFile(join(scratch, "rest"), join(directory, "rest"));
  assert.deepEqual(samples(await reread(directory)), samples(history));
});

test("a rest that cannot be read takes nothing with it but itself", async () => {
  const directory = join(scratch, "rest-damaged");
  const files = new HistoryFiles(directory);
  const history = new History();
  grow(history, 0, HOUR);
  await files.write(HOUR, taking(history));
  const whole = samples(await reread(directory));
  grow(history, HOUR, 2 * HOUR);
  await files.write(2 * HOUR, taking(history));
  await truncate(join(directory, "rest"), 40);
  const lost: unknown[] = [];
  const kept = await files.read((error) => lost.push(error));
  assert.equal(kept?.at, HOUR);
  assert.deepEqual(samples(await reread(directory)), whole);
  assert.ok(lost.length === 1 && hasCode(lost[0], "history-unreadable"));
});

test("what does not come into its place takes no room beside it", async () => {
  const directory = join(scratch, "full");
  await mkdir(join(directory, "whole"), { recursive: true });
  const history = new History();
  grow(history, 0, HOUR);
  await assert.rejects(new HistoryFiles(directory).write(HOUR, taking(history)));
  assert.deepEqual(await readdir(directory), ["whole"]);
});

test("what cannot be read is said so, and put aside", async () => {
  const directory = join(scratch, "damaged");
  const files = new HistoryFiles(directory);
  const history = new History();
  grow(history, 0, HOUR);
  for (const round of [1, 2]) {
    await files.write(round * HOUR, taking(history));
    for (const name of await readdir(directory)) await truncate(join(directory, name), 40);
    await assert.rejects(files.read(), (error) => hasCode(error, "history-unreadable"));
    await files.putAside();
    assert.equal(await files.read(), null);
  }
});
