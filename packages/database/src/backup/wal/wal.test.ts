import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { followChain } from "./chain.ts";
import { parseHistory } from "./history.ts";
import { formatLsn, parseLsn } from "./lsn.ts";
import { historyName, parseSegment, segmentName, walFileKind } from "./names.ts";
import { readSegmentHeader } from "./page.ts";

const MIB_16 = 2 ** 24;
const sizes = fc.integer({ min: 20, max: 30 }).map((power) => 2 ** power);

test("a position is read as it was written, in either case of letters", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => {
      assert.equal(parseLsn(formatLsn(lsn)), lsn);
      assert.equal(parseLsn(formatLsn(lsn).toLowerCase()), lsn);
    }),
  );
  for (const text of ["", "/", "0", "0/", "g/0", "0/123456789", " 0/0", "0/0\n"])
    assert.equal(parseLsn(text), null);
});

test("a segment's name is its timeline and number, whatever the size of segments", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      fc.bigInt({ min: 0n, max: 2n ** 34n - 1n }),
      sizes,
      (timeline, number, size) => {
        const name = segmentName({ timeline, number }, size);
        assert.equal(walFileKind(name), "segment");
        assert.deepEqual(parseSegment(name, size), { timeline, number });
      },
    ),
  );
  assert.equal(segmentName({ timeline: 1, number: 256n }, MIB_16), "000000010000000100000000");
  assert.equal(parseSegment("000000010000000000000100", MIB_16), null);
});

test("only what PostgreSQL archives has a kind", () => {
  const known = {
    "000000010000000000000001": "segment",
    "000000010000000000000001.partial": "partial",
    "00000002.history": "history",
    "000000010000000000000002.00000028.backup": "backup",
  };
  for (const [name, kind] of Object.entries(known)) assert.equal(walFileKind(name), kind);
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (name) => {
      if (/[/\\\0\n]|\.\./.test(name)) assert.equal(walFileKind(name), null);
    }),
  );
  for (const name of [
    "../000000010000000000000001",
    "000000010000000000000001\n",
    "00000002.history/x",
    "1.history",
  ])
    assert.equal(walFileKind(name), null);
});

test("a history of timelines is read, and one that PostgreSQL would refuse is not", () => {
  const text = "1\t0/5000000\tno recovery target specified\n\n# by hand\n2\t1/A0\tbefore 2026-11-21\n";
  assert.deepEqual(parseHistory(text), [
    { timeline: 1, endsAt: 0x5000000n },
    { timeline: 2, endsAt: 0x1000000a0n },
  ]);
  for (const bad of ["2\t0/1\n1\t0/2\n", "1\t0/1\n1\t0/2\n", "x\n", "1\n", "0\t0/1\n"])
    assert.equal(parseHistory(bad), null);
  fc.assert(fc.property(fc.string(), (any) => void parseHistory(any)));
});

const names = (timeline: number, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) =>
    segmentName({ timeline, number: BigInt(from + index) }, MIB_16),
  );

test("a chain ends where a segment is missing, and says so only when there is more behind", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), (length, lost) => {
      const all = names(1, 5, 5 + length);
      const available = new Set(all.filter((_, index) => index !== lost));
      const start = { timeline: 1, lsn: 5n * BigInt(MIB_16) + 40n };
      const chain = followChain({ start, available, histories: new Map(), segmentBytes: MIB_16 });
      assert.deepEqual(chain.segments, all.slice(0, lost));
      assert.equal(chain.missing, lost < length - 1 ? all[lost] : null);
      assert.equal(chain.end, BigInt(5 + Math.min(lost, length)) * BigInt(MIB_16));
    }),
  );
});

test("the chain goes on in the newest timeline that came from the backup's, from the segment in which it began", () => {
  const at = (segment: number): bigint => BigInt(segment) * BigInt(MIB_16) + 4_711n;
  const histories = new Map([
    [2, [{ timeline: 1, endsAt: at(7) }]],
    [
      3,
      [
        { timeline: 1, endsAt: at(7) },
        { timeline: 2, endsAt: at(9) },
      ],
    ],
    // After a hole: PostgreSQL counts up and never sees it.
    [5, [{ timeline: 1, endsAt: at(6) }]],
  ]);
  const available = new Set([...names(1, 5, 12), ...names(2, 7, 12), ...names(3, 9, 11)]);
  const query = { available, histories, segmentBytes: MIB_16 };
  const chain = followChain({ ...query, start: { timeline: 1, lsn: at(5) } });
  assert.equal(chain.timeline, 3);
  assert.deepEqual(chain.segments, [...names(1, 5, 7), ...names(2, 7, 9), ...names(3, 9, 11)]);
  const own = followChain({ ...query, start: { timeline: 2, lsn: at(8) } });
  assert.deepEqual(own.segments, [...names(2, 8, 9), ...names(3, 9, 11)]);
  assert.equal(historyName(3), "00000003.history");
});

test("whatever bytes claim to be a segment are read within their bounds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void readSegmentHeader(Buffer.from(bytes))),
  );
  assert.equal(readSegmentHeader(Buffer.alloc(MIB_16)), null);
});
