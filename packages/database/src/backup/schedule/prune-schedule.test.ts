import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { BackupError } from "../errors.ts";
import type { PruneReport } from "../retention/prune.ts";
import { pruneSchedule } from "./prune-schedule.ts";

const MINUTE_MS = 60_000;
const NOTHING: PruneReport = { kept: [], archived: [], removed: [], orphans: [], segments: 0, bytes: 0 };

/** In which minutes it is asked to prune. */
async function minutesOf(hours: number, prune: () => Promise<PruneReport>): Promise<number[]> {
  mock.timers.enable({ apis: ["setTimeout"] });
  let minute = 0;
  const asked: number[] = [];
  const schedule = pruneSchedule({
    prune: () => {
      asked.push(minute);
      return prune();
    },
  });
  await schedule.start(new AbortController().signal);
  for (; minute < hours * 60; minute += 1) {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    mock.timers.tick(MINUTE_MS);
  }
  await schedule.stop();
  mock.timers.reset();
  return asked;
}

test("the backup that may be due at a start goes first, then it is every six hours", async () => {
  assert.deepEqual(await minutesOf(13, async () => NOTHING), [10, 370, 730]);
});

test("what failed, or was busy, is tried again after ten minutes", async () => {
  const busy = () => Promise.reject(new BackupError("busy", "another one"));
  assert.deepEqual(await minutesOf(0.7, busy), [10, 20, 30, 40]);
});
