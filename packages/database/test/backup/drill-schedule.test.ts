import assert from "node:assert/strict";
import { mock, test } from "node:test";
import {
  type DrillHistory,
  type DrillRecord,
  type DrillScheduleOptions,
  drillSchedule,
} from "@rempart/database/backup";
import { manualClock } from "@rempart/kernel";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NOW = Date.UTC(2026, 10, 21);

/** Turns hours of a schedule, and answers at which of them a drill was made. */
async function drillsOf(
  history: DrillRecord[],
  outcome: boolean,
  hours: number,
  changed: Partial<DrillScheduleOptions> = {},
): Promise<{ drills: number[]; told: DrillHistory[] }> {
  mock.timers.enable({ apis: ["setTimeout"] });
  const clock = manualClock(NOW);
  const drills: number[] = [];
  const told: DrillHistory[] = [];
  const schedule = drillSchedule({
    clock,
    engine: { list: async () => [{} as never] },
    history: async () => ({ newest: history.at(-1) ?? null, passedAt: null }),
    observe: (known) => told.push(known),
    async drill() {
      const record: DrillRecord = { startedAt: clock.now(), passed: false, error: "" };
      history.push(outcome ? ({ ...record, passed: true } as unknown as DrillRecord) : record);
      drills.push(Math.round((clock.now() - NOW) / (60 * MINUTE_MS)));
      return record;
    },
    ...changed,
  });
  await schedule.start(new AbortController().signal);
  for (let minute = 0; minute < hours * 60; minute += 1) {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    clock.advance(MINUTE_MS);
    mock.timers.tick(MINUTE_MS);
  }
  await schedule.stop();
  mock.timers.reset();
  return { drills, told };
}

test("the first drill comes soon, the next ones every week", async () => {
  assert.deepEqual((await drillsOf([], true, 15 * 24)).drills, [0, 168, 336]);
});

test("one that failed is made again after six hours", async () => {
  assert.deepEqual((await drillsOf([], false, 13)).drills, [0, 6, 12]);
});

test("what another process found counts, and is told", async () => {
  const recent = { startedAt: NOW - 6 * DAY_MS, passed: true } as unknown as DrillRecord;
  const { drills, told } = await drillsOf([recent], true, 25);
  assert.deepEqual(drills, [24]);
  assert.equal(told[0]?.newest, recent);
});

test("a drill of a clock that went back since does not keep the next one waiting", async () => {
  const future = { startedAt: NOW + 300 * DAY_MS, passed: true } as unknown as DrillRecord;
  assert.equal((await drillsOf([future], true, 1)).drills[0], 0);
});

test("before there is a backup nothing is drilled", async () => {
  const none = { engine: { list: async () => [] } };
  assert.deepEqual((await drillsOf([], true, 24, none)).drills, []);
});
