import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_BYTES, pageChecksum } from "../pages/page-checksum.ts";
import { PageChecks } from "./page-checks.ts";

const [OLD, START, CHANGED, STOP, FUTURE] = [50n, 100n, 120n, 150n, 200n] as const;
const PATH = "base/5/16384.1";
/** Of the second file of a relation. */
const FIRST = 131_072;

/** Block `at` of the file, last changed by the record that ends at `lsn`. */
function page(at: number, lsn: bigint): Buffer {
  const bytes = Buffer.alloc(PAGE_BYTES, at + 1);
  bytes.writeUInt32LE(Number(lsn >> 32n), 0);
  bytes.writeUInt32LE(Number(lsn & 0xffffffffn), 4);
  bytes.writeUInt16LE(pageChecksum(bytes, FIRST + at), 8);
  return bytes;
}

/** With its second half from before or after: what is read while it is written. */
function torn(whole: Buffer): Buffer {
  const half = Buffer.from(whole);
  half.fill(0xee, PAGE_BYTES / 2);
  return half;
}

/** What is found in pages of which the disk gives `later` when it is read again, the last one ever after. */
async function found(first: readonly Buffer[], later: readonly (Buffer | null)[], path = PATH) {
  const checks = new PageChecks(START);
  const pages = Buffer.concat(first);
  let reads = 0;
  await checks.check(path, pages, 0, async (into, position) => {
    assert.equal(into.length, PAGE_BYTES);
    assert.equal(position % PAGE_BYTES, 0);
    const next = later[Math.min(reads, later.length - 1)];
    reads += 1;
    return next?.copy(into) ?? 0;
  });
  return { ...checks.end(STOP), pages, reads };
}

test("sound pages are read once", async () => {
  const { checked, damaged, reads } = await found(
    [page(0, OLD), page(1, CHANGED), Buffer.alloc(PAGE_BYTES)],
    [],
  );
  assert.deepEqual([checked, damaged, reads], [3, 0, 0]);
});

test("a page that is written at this moment is read again, and the backup has the whole one", async () => {
  const whole = page(1, OLD);
  const { damaged, pages } = await found([page(0, OLD), torn(whole)], [torn(whole), whole]);
  assert.equal(damaged, 0);
  assert.ok(pages.subarray(PAGE_BYTES).equals(whole));
});

test("a page that stays wrong is damaged, and named by its block", async () => {
  const wrong = torn(page(1, OLD));
  const { damaged, named } = await found([page(0, OLD), wrong], [wrong]);
  assert.deepEqual([damaged, named], [1, [`${PATH}, block ${FIRST + 1}`]]);
});

test("a page that changed since the backup began is recovery's, unless its change has not happened yet", async () => {
  const changed = torn(page(0, CHANGED));
  assert.equal((await found([changed], [changed])).damaged, 0);
  const future = torn(page(0, FUTURE));
  assert.equal((await found([future], [future])).damaged, 1);
});

test("a page that is cut off meanwhile is no page", async () => {
  assert.equal((await found([torn(page(0, OLD))], [null])).damaged, 0);
});

test("what is not made of pages is not looked at", async () => {
  const other = Buffer.alloc(PAGE_BYTES, 7);
  for (const path of [
    "pg_xact/0000",
    "global/pg_control",
    "base/5/pg_filenode.map",
    "pg_multixact/members/0001",
  ])
    assert.deepEqual((await found([other], [other], path)).checked, 0, path);
});

test("very many damaged pages are all read again, and waited for no longer than a minute", async () => {
  let [waited, reads] = [0, 0];
  const checks = new PageChecks(START, async (milliseconds) => {
    waited += milliseconds;
  });
  const wrong = torn(page(0, OLD));
  const again = async (into: Buffer) => {
    reads += 1;
    return wrong.copy(into);
  };
  for (let at = 0; at < 1_000; at += 1) await checks.check(PATH, Buffer.from(wrong), 0, again);
  assert.deepEqual([checks.end(STOP).damaged, reads, waited], [1_000, 4_000, 60_000]);
});

test("of very many, the first thousand are named and all are counted", async () => {
  const checks = new PageChecks(START);
  const wrong = torn(page(0, FUTURE));
  const again = async (into: Buffer) => wrong.copy(into);
  await Promise.all(Array.from({ length: 1_010 }, () => checks.check(PATH, Buffer.from(wrong), 0, again)));
  const { damaged, named } = checks.end(STOP);
  assert.deepEqual([damaged, named.length], [1_010, 1_000]);
});

test("of pages that say to be changed so many are believed, and more are damage", async () => {
  const checks = new PageChecks(START, async () => {});
  const wrong = torn(page(0, CHANGED));
  const pages = Buffer.concat(Array.from({ length: 10_002 }, () => wrong));
  await checks.check(PATH, pages, 0, async (into) => wrong.copy(into));
  assert.equal(checks.end(STOP).damaged, 2);
});
