import assert from "node:assert/strict";
import { test } from "node:test";
import { gathering } from "./gathering.ts";

/** A writer that ends a write when told to, by its place. */
function slowWriter() {
  const writes: { items: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const write = (items: readonly string[]): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    writes.push({ items, end: resolve, fail: reject });
    return promise;
  };
  return { write, writes, written: () => writes.map(({ items }) => items) };
}

class Bad extends Error {}
const isBad = (error: unknown): boolean => error instanceof Bad;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what comes in one turn is written by two writes, and what comes meanwhile by the next", async () => {
  const { write, writes, written } = slowWriter();
  const add = gathering(write, isBad);
  const first = ["a", "b", "c"].map(add);
  await nextTurn();
  assert.deepEqual(written(), [["a", "b"], ["c"]]);
  const later = ["d", "e"].map(add);
  await nextTurn();
  assert.equal(writes.length, 2);
  writes[1]?.end();
  await first[2];
  while (writes.length < 3) await nextTurn();
  assert.deepEqual(written()[2], ["d", "e"]);
  writes[0]?.end();
  writes[2]?.end();
  await Promise.all([...first, ...later]);
});

test("a write that fails fails those who were in it, and nobody else", async () => {
  const { write, writes } = slowWriter();
  const add = gathering(write, isBad);
  const settled = Promise.allSettled(["a", "b", "c"].map(add));
  await nextTurn();
  writes[0]?.fail(new Error("no disk"));
  writes[1]?.end();
  const statuses = (await settled).map(({ status }) => status);
  assert.deepEqual(statuses, ["rejected", "rejected", "fulfilled"]);
  const again = add("d");
  while (writes.length < 3) await nextTurn();
  writes[2]?.end();
  await again;
});

test("what is refused for itself fails alone", async () => {
  const writes: string[] = [];
  const add = gathering(async (items: readonly string[]) => {
    if (items.includes("bad")) throw new Bad();
    writes.push(items.join(""));
  }, isBad);
  const ends = await Promise.allSettled(["a", "bad", "b", "c", "d", "e"].map(add));
  const statuses = ends.map(({ status }) => status);
  assert.deepEqual(statuses, ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled", "fulfilled"]);
  assert.deepEqual(writes.toSorted(), ["a", "b", "cde"]);
});

test("a flood is written in parts, each of it once", async () => {
  const seen: number[] = [];
  const sizes: number[] = [];
  const add = gathering(async (items: readonly number[]) => {
    sizes.push(items.length);
    seen.push(...items);
  }, isBad);
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => add(i)));
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  assert.ok(Math.max(...sizes) <= 200, `${sizes}`);
});
