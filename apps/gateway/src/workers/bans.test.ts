import assert from "node:assert/strict";
import { test } from "node:test";
import type { BanSnapshot } from "@rempart/edge";
import { manualClock } from "@rempart/kernel";
import { KvBans } from "./bans.ts";

const SNAPSHOT: BanSnapshot = {
  networks: [],
  users: [{ user: "mallory", reason: "test", until: null }],
};

function fixture(answers: (() => unknown)[]) {
  const clock = manualClock(0);
  const reasons: string[] = [];
  const namespace = { get: async () => answers.shift()?.() };
  const kept = new KvBans({ namespace, clock, failed: (reason) => void reasons.push(reason) });
  const beside: Promise<unknown>[] = [];
  const refresh = async (): Promise<void> => {
    await kept.refresh((work) => void beside.push(work));
    await Promise.all(beside.splice(0));
  };
  return { clock, reasons, refresh, isBanned: () => kept.bans.ofUser("mallory") !== null, left: answers };
}

test("a snapshot that cannot be read leaves the one before in force", async () => {
  const down = () => {
    throw new Error("KV is down");
  };
  const { clock, reasons, refresh, isBanned } = fixture([
    () => SNAPSHOT,
    down,
    () => ({ networks: 1 }),
    () => null,
  ]);
  await refresh();
  assert.ok(isBanned());
  for (let i = 0; i < 2; i += 1) {
    clock.advance(30_000);
    await refresh();
    assert.ok(isBanned());
  }
  assert.equal(reasons.length, 2);
  assert.match(reasons[0] ?? "", /KV is down/);
  clock.advance(30_000);
  await refresh();
  assert.equal(isBanned(), false, "a key that was deleted bans nobody");
});

test("the first request waits for the bans, later ones ask at most every 30 seconds", async () => {
  const { clock, refresh, isBanned, left } = fixture([() => SNAPSHOT, () => SNAPSHOT]);
  await refresh();
  assert.ok(isBanned());
  clock.advance(29_999);
  await refresh();
  assert.equal(left.length, 1);
  clock.advance(1);
  await refresh();
  assert.equal(left.length, 0);
});
