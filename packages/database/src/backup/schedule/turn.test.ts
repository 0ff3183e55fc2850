import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "@rempart/kernel";
import type { BackupEngine, BackupSummary } from "../ports.ts";
import { directoryRepository } from "../repository/directory.ts";
import { backupSchedule } from "./backup-schedule.ts";
import { inTurn } from "./turn.ts";

const place = await mkdtemp(join(tmpdir(), "rempart-turn-"));
after(() => rm(place, { recursive: true, force: true }));
const { signal } = new AbortController();

test("whoever comes first has the turn, the other is told so, and has the next one", async () => {
  const shared = directoryRepository(join(place, "turns"));
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: done, resolve: end } = Promise.withResolvers<void>();
  const first = inTurn({ shared }, "drill", signal, () => {
    begin();
    return done;
  });
  await begun;
  const never = async (): Promise<void> => assert.fail("two have the turn");
  await assert.rejects(inTurn({ shared }, "drill", signal, never), (error) => hasCode(error, "busy"));
  await inTurn({ shared }, "backup", signal, async () => {});
  end();
  await first;
  let again = false;
  await inTurn({ shared }, "drill", signal, async () => {
    again = true;
  });
  assert.ok(again);
});

test("of two processes that keep a schedule one takes the backup", async () => {
  const shared = directoryRepository(join(place, "schedules"));
  const taken: BackupSummary[] = [];
  const engine = {
    list: async () => taken,
    status: async () => ({ recoverableTo: null, newest: null }),
    async run() {
      const startedAt = Date.now();
      // The other one looks meanwhile.
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      taken.push({ startedAt } as BackupSummary);
      finished();
    },
  } as unknown as BackupEngine;
  const { promise: run, resolve: finished } = Promise.withResolvers<void>();
  const both = [1, 2].map(() => backupSchedule({ engine, shared }));
  await Promise.all(both.map((one) => one.start(signal)));
  await run;
  await Promise.all(both.map((one) => one.stop()));
  assert.equal(taken.length, 1);
});
