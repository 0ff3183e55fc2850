import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Positions } from "./positions.ts";

test("a replica is as old as the last moment at which it had everything", () => {
  const positions = new Positions();
  positions.add(0, 100n);
  positions.add(10, 100n);
  positions.add(20, 150n);
  assert.equal(positions.lag(100n, 25), 15, "the primary moved on after 10");
  assert.equal(positions.lag(149n, 25), 15);
  assert.equal(positions.lag(150n, 25), 5);
  assert.equal(positions.lag(99n, 25), Number.POSITIVE_INFINITY);
});

test("a lag is never less than what is true, and never grows when the replica moves on", () => {
  const writes = fc.array(fc.bigInt({ min: 0n, max: 5n }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(writes, fc.nat(49), fc.nat(300), (steps, seen, extra) => {
      const positions = new Positions();
      let lsn = 0n;
      const history = steps.map((step, at) => {
        lsn += step;
        positions.add(at, lsn);
        return lsn;
      });
      const replica = history[Math.min(seen, history.length - 1)] as bigint;
      const now = history.length + extra;
      const missed = history.findIndex((value) => value > replica);
      const trueAge = missed === -1 ? 0 : now - missed;
      assert.ok(positions.lag(replica, now) >= trueAge);
      assert.ok(positions.lag(replica + 1n, now) <= positions.lag(replica, now));
    }),
  );
});
