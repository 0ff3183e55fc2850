import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Chain, followChain } from "../wal/chain.ts";
import type { Branch } from "../wal/history.ts";
import { formatLsn, parseLsn } from "../wal/lsn.ts";
import { historyName, segmentName, segmentNumberOf } from "../wal/names.ts";
import { type PlannedBackup, type PrunePlan, planMoments, planPrune } from "./plan.ts";

const SEGMENT = 2 ** 24;
const DAY_MS = 24 * 3_600_000;
const CLUSTER = "7000000000000000001";

/** What happened to a server, as its repository tells it. */
interface World {
  readonly backups: PlannedBackup[];
  readonly wal: string[];
  readonly histories: Map<number, readonly Branch[]>;
  now: number;
}

type Happening =
  | { readonly type: "write"; readonly segments: number }
  | { readonly type: "backup"; readonly segments: number }
  | { readonly type: "wait"; readonly days: number }
  /** A restore to a moment after one of the backups, from which another timeline goes on. */
  | { readonly type: "restore"; readonly backup: number; readonly after: number }
  | { readonly type: "lose"; readonly at: number };

const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("write" as const),
        segments: fc.integer({ min: 1, max: 300 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("backup" as const), segments: fc.nat(3) }) },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant("wait" as const), days: fc.integer({ min: -1, max: 20 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("restore" as const), backup: fc.nat(), after: fc.nat(20) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("lose" as const), at: fc.nat() }) },
  ),
  { maxLength: 40 },
);

function liveThrough(events: readonly Happening[]): World {
  const world: World = { backups: [], wal: [], histories: new Map(), now: Date.UTC(2026, 0, 1) };
  let timeline = 1;
  let number = 1n;
  const write = (segments: number): void => {
    for (let i = 0; i < segments; i += 1, number += 1n)
      world.wal.push(segmentName({ timeline, number }, SEGMENT));
  };
  for (const event of events) {
    if (event.type === "write") write(event.segments);
    else if (event.type === "wait") world.now += event.days * DAY_MS;
    else if (event.type === "backup") {
      const start = number;
      write(event.segments + 1);
      const id = `b${world.backups.length}`;
      const [startLsn, stopLsn] = [start, number].map((at) => formatLsn(at * BigInt(SEGMENT)));
      world.backups.push({
        id,
        systemIdentifier: CLUSTER,
        stoppedAt: world.now,
        timeline,
        startLsn: startLsn as string,
        stopLsn: stopLsn as string,
        segmentBytes: SEGMENT,
      });
      world.now += 1;
    } else if (event.type === "restore") {
      const from = world.backups[event.backup % Math.max(1, world.backups.length)];
      if (from === undefined) continue;
      const endsAt = (parseLsn(from.stopLsn) ?? 0n) + BigInt(event.after * SEGMENT + SEGMENT / 2);
      const next = Math.max(timeline, ...world.histories.keys()) + 1;
      const ancestors = world.histories.get(from.timeline) ?? [];
      world.histories.set(next, [...ancestors, { timeline: from.timeline, endsAt }]);
      world.wal.push(historyName(next));
      timeline = next;
      number = segmentNumberOf(endsAt, SEGMENT);
    } else if (world.wal.length > 0) world.wal.splice(event.at % world.wal.length, 1);
  }
  return world;
}

function chainFrom(backup: PlannedBackup, world: World, wal: readonly string[]): Chain {
  return followChain({
    start: { timeline: backup.timeline, lsn: parseLsn(backup.startLsn) ?? 0n },
    available: new Set(wal.filter((name) => /^[0-9A-F]{24}$/.test(name))),
    histories: world.histories,
    segmentBytes: SEGMENT,
  });
}

const policies = fc.record({
  keepMs: fc.integer({ min: 1, max: 40 }).map((days) => days * DAY_MS),
  archiveMs: fc.integer({ min: 0, max: 400 }).map((days) => days * DAY_MS),
});

function left(world: World, plan: PrunePlan): string[] {
  const gone = new Set(plan.removeWal.get(CLUSTER));
  return world.wal.filter((name) => !gone.has(name));
}

function pruned(check: (world: World, plan: PrunePlan, since: number) => void): void {
  fc.assert(
    fc.property(happenings, policies, (events, policy) => {
      const world = liveThrough(events);
      const stored = { backups: world.backups, wal: new Map([[CLUSTER, world.wal]]) };
      check(world, planPrune(stored, policy, world.now), world.now - policy.keepMs);
    }),
    { numRuns: 300 },
  );
}

test("whatever happened, recovery from a kept backup reads what it would have read before", () => {
  pruned((world, plan) => {
    const wal = left(world, plan);
    for (const backup of plan.keep)
      assert.deepEqual(chainFrom(backup, world, wal), chainFrom(backup, world, world.wal));
  });
});

test("every moment that counts is restored from the same backup as before", () => {
  pruned((world, plan, since) => {
    const newestBefore = (backups: readonly PlannedBackup[], at: number) =>
      backups
        .filter(({ stoppedAt }) => stoppedAt <= at)
        .toSorted((a, b) => a.stoppedAt - b.stoppedAt)
        .at(-1)?.id;
    for (let at = since; at <= world.now; at += DAY_MS)
      assert.equal(newestBefore(plan.keep, at), newestBefore(world.backups, at));
  });
});

test("an archived backup keeps the log that makes it whole", () => {
  pruned((world, plan) => {
    const wal = new Set(left(world, plan));
    for (const backup of plan.archive)
      for (
        let at = parseLsn(backup.startLsn) ?? 0n;
        at < (parseLsn(backup.stopLsn) ?? 0n);
        at += BigInt(SEGMENT)
      ) {
        const name = segmentName(
          { timeline: backup.timeline, number: segmentNumberOf(at, SEGMENT) },
          SEGMENT,
        );
        assert.equal(wal.has(name), world.wal.includes(name), name);
      }
  });
});

test("each backup is kept, archived or removed, and the newest two are always kept", () => {
  pruned((world, plan) => {
    const all = [...plan.keep, ...plan.archive, ...plan.remove].map(({ id }) => id);
    assert.deepEqual(all.toSorted(), world.backups.map(({ id }) => id).toSorted());
    const newest = world.backups.toSorted((a, b) => a.stoppedAt - b.stoppedAt).slice(-2);
    for (const backup of newest) assert.ok(plan.keep.includes(backup));
  });
});

test("no history of a timeline goes", () => {
  pruned((_, plan) => {
    for (const name of plan.removeWal.get(CLUSTER) ?? []) assert.doesNotMatch(name, /history/);
  });
});

const backup = (id: string, day: number, more: Partial<PlannedBackup> = {}): PlannedBackup => ({
  id,
  systemIdentifier: CLUSTER,
  stoppedAt: day * DAY_MS,
  timeline: 1,
  startLsn: formatLsn(BigInt(day * 10 * SEGMENT)),
  stopLsn: formatLsn(BigInt((day * 10 + 2) * SEGMENT)),
  segmentBytes: SEGMENT,
  ...more,
});
const ids = (backups: readonly PlannedBackup[]): string[] => backups.map(({ id }) => id);

test("with seven days: those of the week, the one its first day needs, and no log from before", () => {
  const backups = Array.from({ length: 30 }, (_, day) => backup(`d${day}`, day));
  const wal = Array.from({ length: 300 }, (_, number) =>
    segmentName({ timeline: 1, number: BigInt(number) }, SEGMENT),
  );
  const plan = planPrune(
    { backups, wal: new Map([[CLUSTER, wal]]) },
    { keepMs: 7 * DAY_MS, archiveMs: 0 },
    29.5 * DAY_MS,
  );
  assert.deepEqual(ids(plan.keep), ["d22", "d23", "d24", "d25", "d26", "d27", "d28", "d29"]);
  assert.deepEqual(plan.removeWal.get(CLUSTER), wal.slice(0, 220));
});

test("a year of weeks is archived, each with its own log alone", () => {
  const backups = Array.from({ length: 60 }, (_, day) => backup(`d${day}`, day));
  const plan = planPrune(
    { backups, wal: new Map() },
    { keepMs: 30 * DAY_MS, archiveMs: 365 * DAY_MS },
    59.5 * DAY_MS,
  );
  assert.equal(plan.keep.length, 31);
  assert.deepEqual(ids(plan.archive), ["d6", "d13", "d20", "d27", "d28"]);
});

test("what an earlier server left goes once its time is over", () => {
  const old = { systemIdentifier: "6000000000000000001" };
  const backups = [backup("old", 1, old), backup("new", 2), backup("newer", 20), backup("newest", 40)];
  const wal = new Map([
    [old.systemIdentifier, [segmentName({ timeline: 1, number: 10n }, SEGMENT)]],
    [CLUSTER, []],
  ]);
  const plan = planPrune({ backups, wal }, { keepMs: 7 * DAY_MS, archiveMs: 0 }, 40.5 * DAY_MS);
  assert.deepEqual(ids(plan.remove), ["old", "new"]);
  assert.equal(plan.removeWal.get(old.systemIdentifier)?.length, 1);
});

test("dumps: a moment before the time that counts stays, all of it, the newest two, and of each week one", () => {
  const now = Date.UTC(2026, 0, 1);
  const taken = (...days: number[]) =>
    days.map((day) => ({ id: `day-${day}`, stoppedAt: now - day * DAY_MS }));
  const policy = { keepMs: 7 * DAY_MS, archiveMs: 28 * DAY_MS };
  const { keep, archive, remove } = planMoments(taken(1, 3, 6, 8, 9, 16, 17, 40), policy, now);
  assert.deepEqual(keep, taken(8, 6, 3, 1));
  assert.deepEqual(archive, taken(16, 9));
  assert.deepEqual(remove, taken(40, 17));
  assert.deepEqual(planMoments(taken(50, 60, 70), policy, now).keep, taken(60, 50));
});
