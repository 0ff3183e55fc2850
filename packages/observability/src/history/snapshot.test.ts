import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { History } from "./history.ts";
import { decodeSnapshot, encodeSnapshot, type Snapshot } from "./snapshot.ts";

const STEP = 15_000;
const START = 1_790_000_000_000;

function historyOf(seed: readonly number[], count = 700): History {
  const history = new History();
  seed.forEach((salt, index) => {
    for (let step = 0; step < count; step += 1) {
      const at = START + step * STEP;
      if ((step + salt) % 97 === 0) history.end("load", { host: `${index}` }, at);
      else history.append("load", { host: `${index}`, odd: 'a"\n' }, at, (step * salt) % 13);
    }
  });
  return history;
}

function snapshotOf(history: History): Snapshot {
  const samples = history.kept(Number.NEGATIVE_INFINITY);
  return {
    id: "one",
    follows: null,
    at: START,
    beganAt: START - 1,
    records: ["y"],
    subqueries: ["x"],
    samples,
    steps: samples.slice(0, 1),
  };
}

const isUnreadable = (error: unknown): boolean => hasCode(error, "history-unreadable");

function restored({ samples }: Snapshot, until = START + 1_000 * STEP): History {
  const history = new History();
  history.restore(samples, until);
  return history;
}

test("what was kept is what there was, and goes on as it would have", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 1_000 }),
      (seed, count) => {
        const history = historyOf(seed, count);
        const snapshot = decodeSnapshot(Buffer.from(encodeSnapshot(snapshotOf(history))));
        assert.deepEqual({ ...snapshot, samples: [], steps: [] }, { ...snapshotOf(new History()) });
        const again = restored(snapshot);
        for (const one of [history, again])
          one.append("load", { host: "0", odd: 'a"\n' }, START + count * STEP, 5);
        const all = (from: History) =>
          [...from.named("load")].map((series) => [series.labels, series.between(0, 2 ** 50)]);
        assert.deepEqual(all(again), all(history));
        assert.deepEqual(encodeSnapshot(snapshotOf(again)), encodeSnapshot(snapshotOf(history)));
      },
    ),
    { numRuns: 30 },
  );
});

test("what is of later than now is left out, and time goes on from now", () => {
  const snapshot = snapshotOf(historyOf([1], 700));
  for (const steps of [600, 300, 0]) {
    const until = START + steps * STEP;
    const history = restored(snapshot, until);
    const [series] = history.named("load");
    assert.equal(series?.lastAt, until);
    assert.equal(history.append("load", series?.labels ?? {}, until + 1, 3), "stored");
  }
  assert.equal(restored(snapshot, START - 1).size, 0);
});

test("a file that is cut short, damaged, of another version or something else is refused", () => {
  const file = Buffer.from(encodeSnapshot(snapshotOf(historyOf([3, 5], 20))));
  for (let length = 0; length < file.length; length += 1) {
    assert.throws(() => decodeSnapshot(file.subarray(0, length)), isUnreadable);
  }
  for (let place = 0; place < file.length; place += 1) {
    const damaged = Buffer.from(file);
    damaged[place] = (damaged[place] as number) ^ 0x10;
    assert.throws(() => decodeSnapshot(damaged), isUnreadable);
  }
  const foreign = Buffer.from(file);
  foreign.writeUInt32LE(2, 16);
  assert.throws(() => decodeSnapshot(foreign), /version 2/);
});

test("a file that lies, with a check sum that is right, is refused or says what a history could say", () => {
  const file = Buffer.from(encodeSnapshot(snapshotOf(historyOf([3], 20))));
  const changes = fc.array(fc.tuple(fc.nat(file.length - 5), fc.nat(255)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(changes, (written) => {
      const forged = Buffer.from(file);
      for (const [place, byte] of written) forged[place] = byte;
      forged.writeUInt32LE(crc32(forged.subarray(0, -4)), forged.length - 4);
      try {
        const [series] = restored(decodeSnapshot(forged)).named("load");
        const times = (series?.between(0, 2 ** 60) ?? []).map(({ at }) => at);
        assert.ok(times.every((at, index) => index === 0 || at > (times[index - 1] as number)));
      } catch (error) {
        if (!isUnreadable(error)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

test("sizes that a description claims are bounded before anything is made of them", () => {
  const claims = [
    [["a", {}, [[1e9, 8]]]],
    [["a", {}, [[1, 1e12]]]],
    [["a", {}, [[1.5, 8]]]],
    [["a", { b: 1 }, []]],
    [[7, {}, []]],
    [["a", null, []]],
    "samples",
    null,
    [["a", {}, [[2, 16]]]],
  ];
  for (const samples of claims) {
    const description = JSON.stringify({
      id: "x",
      follows: null,
      at: 1,
      beganAt: 1,
      records: [],
      subqueries: [],
      samples,
      steps: [],
    });
    assert.throws(() => decodeSnapshot(fileOf(description)), isUnreadable, description);
  }
  for (const description of [
    "",
    "{",
    "null",
    "[]",
    '{"id":1}',
    '{"id":"x","follows":null,"at":null,"beganAt":1}',
  ]) {
    assert.throws(() => decodeSnapshot(fileOf(description)), isUnreadable, description);
  }
});

function fileOf(description: string): Buffer {
  const text = Buffer.from(description);
  const file = Buffer.alloc(24 + text.length + 16 + 4);
  file.write("rempart history ", "latin1");
  file.writeUInt32LE(1, 16);
  file.writeUInt32LE(text.length, 20);
  text.copy(file, 24);
  file.writeUInt32LE(crc32(file.subarray(0, -4)), file.length - 4);
  return file;
}
