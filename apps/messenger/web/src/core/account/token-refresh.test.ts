import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemRandom, unsafeSeededRandom } from "@rempart/kernel";
import type { Account } from "@rempart/messaging/contract";
import { CoreError } from "../errors.ts";
import type { Rest } from "../net/rest.ts";
import { memoryDisks } from "../storage/memory.ts";
import { openVault } from "../storage/vault.ts";
import { createTokenRefresh } from "./token-refresh.ts";

const HOUR_MS = 3_600_000;

/** A server that counts refreshes, and timers that fire when they are told to. */
async function setting() {
  const clock = manualClock(1_700_000_000_000);
  const vault = await openVault(await memoryDisks().open("a"), systemRandom);
  const timers: { in: number; work: () => void }[] = [];
  const seen = { refreshes: 0, failures: [] as unknown[], answer: (): void => undefined };
  const rest = {
    async call() {
      seen.refreshes += 1;
      seen.answer();
      return { account: { role: "USER" } };
    },
  } as unknown as Rest;
  let armed = (): void => undefined;
  const tab = () =>
    createTokenRefresh({
      ports: {
        clock,
        random: unsafeSeededRandom(1),
        timers: {
          after(milliseconds, work) {
            const timer = { in: milliseconds, work };
            timers.push(timer);
            armed();
            return () => void timers.splice(timers.indexOf(timer), 1);
          },
        },
      },
      rest,
      vault,
      refreshed: (_account: Account) => undefined,
      failed: (error) => void seen.failures.push(error),
    });
  /** Lets time pass up to the next timer, and what it does go on until it waits again. */
  const next = async (): Promise<number> => {
    const timer = timers.shift();
    assert.ok(timer);
    clock.advance(timer.in);
    const waitsAgain = new Promise<void>((resolve) => {
      armed = resolve;
    });
    timer.work();
    await waitsAgain;
    return timer.in;
  };
  return { clock, tab, seen, timers, next };
}

test("a token is replaced once a day, counted from the first sight of it, also across restarts", async () => {
  const { clock, tab, seen, next } = await setting();
  const first = tab();
  await first.start();
  for (let hour = 1; hour < 24; hour += 1) await next();
  assert.equal(seen.refreshes, 0);
  await next();
  assert.equal(seen.refreshes, 1);
  first.stop();

  clock.advance(23 * HOUR_MS);
  const second = tab();
  await second.start();
  assert.equal(seen.refreshes, 1);
  await next();
  assert.equal(seen.refreshes, 2);
  assert.deepEqual(seen.failures, []);
});

test("an answer that was lost is asked for again within seconds", async () => {
  const { tab, seen, next } = await setting();
  const refresh = tab();
  seen.answer = () => {
    throw new CoreError("offline", "cut");
  };
  await refresh.now();
  assert.ok((await next()) < 1000);
  seen.answer = () => undefined;
  assert.ok((await next()) < 2000);
  assert.equal(seen.refreshes, 3);
  assert.equal(await next(), HOUR_MS);
});

test("a refusal is told, and nothing is tried again by itself", async () => {
  const { tab, seen, timers } = await setting();
  seen.answer = () => {
    throw new CoreError("unauthenticated", "over");
  };
  await assert.rejects(tab().now(), { code: "unauthenticated" });
  assert.equal(timers.length, 0);
});

test("after the account was closed nothing is looked at again", async () => {
  const { tab, timers } = await setting();
  const refresh = tab();
  await refresh.start();
  refresh.stop();
  assert.equal(timers.length, 0);
});
