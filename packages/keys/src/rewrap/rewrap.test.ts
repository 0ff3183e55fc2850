import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fromUtf8, utf8 } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { type World, world } from "../../test/keyring-kit.ts";
import type { Keyring, RewrapProgress, RewrapSource, Where } from "../index.ts";
import { rewrap } from "./rewrap.ts";
import { rewrapSchedule } from "./schedule.ts";

const place = (row: string): Where => ({ table: "users", column: "phone", row });

interface Column extends RewrapSource {
  readonly values: Map<string, string>;
  /** Runs before each replacement, as another writer might. */
  meddle: (row: string) => Promise<void>;
}

function column(): Column {
  const values = new Map<string, string>();
  const made: Column = {
    name: "users.phone",
    values,
    meddle: async () => {},
    async *rows(after) {
      for (const row of [...values.keys()].sort()) {
        const envelope = values.get(row);
        if (envelope !== undefined && (after === undefined || row > after))
          yield { where: place(row), envelope, cursor: row };
      }
    },
    async replace({ row }, expected, replacement) {
      await made.meddle(row);
      if (values.get(row) !== expected) return false;
      values.set(row, replacement);
      return true;
    },
  };
  return made;
}

const rowName = (index: number): string => String(index).padStart(5, "0");

async function fill({ values }: Column, keyring: Keyring, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 1)
    values.set(rowName(i), await keyring.seal(utf8(`value ${i}`), place(rowName(i))));
}

/** A column half of which was written during an outage that is over. */
async function afterOutage(rows: number): Promise<{ w: World; source: Column }> {
  const w = world();
  const source = column();
  await fill(source, w.keyring, 0, rows / 2);
  w.primary.mood = "provider-unavailable";
  using during = w.another();
  await fill(source, during, rows / 2, rows);
  w.primary.mood = "works";
  return { w, source };
}

const locals = ({ values }: Column): number =>
  [...values.values()].filter((text) => text.startsWith("local:")).length;

async function assertIntact({ values }: Column, keyring: Keyring): Promise<void> {
  for (const [row, text] of values)
    assert.equal(fromUtf8(await keyring.open(text, place(row))), `value ${Number(row)}`);
}

test("what was sealed during an outage comes back under the primary, and nothing else is touched", async () => {
  const { w, source } = await afterOutage(1_200);
  const untouched = [...source.values].slice(0, 600);
  const told: RewrapProgress[] = [];
  const done = await rewrap(w.keyring, source, { onProgress: (progress) => told.push(progress) });
  assert.deepEqual(done, {
    source: "users.phone",
    cursor: "01199",
    read: 1_200,
    rewrapped: 600,
    overtaken: 0,
    refused: 0,
  });
  assert.deepEqual(
    told.map(({ read }) => read),
    [500, 1_000, 1_200],
  );
  assert.equal(locals(source), 0);
  assert.deepEqual([...source.values].slice(0, 600), untouched);
  await assertIntact(source, w.keyring);
});

test("an interrupted run goes on where it was, or from the beginning", async () => {
  const { w, source } = await afterOutage(100);
  const stop = new AbortController();
  source.meddle = async (row) => {
    if (row === rowName(70)) stop.abort();
  };
  await assert.rejects(rewrap(w.keyring, source, { signal: stop.signal }), { name: "AbortError" });
  assert.equal(locals(source), 29);
  const done = await rewrap(w.keyring, source, { after: rowName(70) });
  assert.deepEqual([done.read, done.rewrapped], [29, 29]);
  assert.equal((await rewrap(w.keyring, source)).rewrapped, 0);
  await assertIntact(source, w.keyring);
});

test("what somebody wrote meanwhile stands", async () => {
  const { w, source } = await afterOutage(20);
  source.meddle = async (row) => {
    if (row === rowName(15)) source.values.set(row, await w.keyring.seal(utf8("newer"), place(row)));
    if (row === rowName(16)) source.values.delete(row);
  };
  const done = await rewrap(w.keyring, source);
  assert.deepEqual([done.rewrapped, done.overtaken], [8, 2]);
  assert.equal(
    fromUtf8(await w.keyring.open(source.values.get(rowName(15)) as string, place(rowName(15)))),
    "newer",
  );
  assert.ok(!source.values.has(rowName(16)));
});

test("two runs at once lose nothing", async () => {
  const { w, source } = await afterOutage(200);
  source.meddle = () => sleep(Math.random());
  using other = w.another();
  const [a, b] = await Promise.all([rewrap(w.keyring, source), rewrap(other, source)]);
  assert.equal(a.rewrapped + b.rewrapped, 100);
  assert.equal(locals(source), 0);
  await assertIntact(source, w.keyring);
});

test("while the primary is away nothing is written, and the run says so", async () => {
  const { w, source } = await afterOutage(20);
  const before = new Map(source.values);
  w.primary.mood = "provider-unavailable";
  using keyring = w.another();
  await assert.rejects(rewrap(keyring, source), { code: "key-unavailable" });
  assert.deepEqual(source.values, before);
});

test("a denial ends the run as what it is", async () => {
  const { w, source } = await afterOutage(20);
  w.primary.mood = "provider-denied";
  using keyring = w.another();
  await assert.rejects(rewrap(keyring, source), { code: "provider-denied" });
});

test("values that do not open are counted, logged by their place, and left for somebody to look at", async () => {
  const { w, source } = await afterOutage(20);
  const damaged = `${source.values.get(rowName(12))?.slice(0, -1)}!`;
  source.values.set(rowName(12), damaged);
  source.values.set(rowName(13), source.values.get(rowName(14)) as string);
  const lines: unknown[] = [];
  const log = { ...silentLogger, warn: (fields: object) => void lines.push(fields) };
  const done = await rewrap(w.keyring, source, { log });
  assert.deepEqual([done.rewrapped, done.refused], [8, 2]);
  assert.equal(source.values.get(rowName(12)), damaged);
  assert.equal(lines.length, 2);
});

test("without a primary provider nothing is due, unless the caller says what is", async () => {
  using w = world();
  using alone = w.alone();
  const source = column();
  await fill(source, alone, 0, 10);
  assert.equal((await rewrap(alone, source)).rewrapped, 0);
  const uses = rewrap(alone, source, { isDue: ({ keys }) => keys.some(({ version }) => version === "1") });
  assert.equal((await uses).rewrapped, 10);
  await assertIntact(source, alone);
});

test("on a schedule: a run that fails is tried again, and stopping waits for the one under way", async () => {
  const { w, source } = await afterOutage(40);
  w.primary.mood = "provider-unavailable";
  using keyring = w.another({ returnAfterMs: 0 });
  const failures: unknown[] = [];
  const log = { ...silentLogger, warn: (fields: object) => void failures.push(fields) };
  const schedule = rewrapSchedule({ keyring, sources: [source], everyMs: 5, log });
  await schedule.start(new AbortController().signal);
  while (failures.length < 2) await sleep(5);
  w.primary.mood = "works";
  while (locals(source) > 0) await sleep(5);
  await schedule.stop();
  await assertIntact(source, w.keyring);
});
