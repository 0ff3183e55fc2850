import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fromUtf8, utf8 } from "@rempart/kernel";
import { until } from "@rempart/testing";
import { type Mood, type World, world } from "../../test/keyring-kit.ts";
import type { KeysErrorCode, KeysEvent } from "../index.ts";

const where = { table: "users", column: "phone", row: "1" };
const seal = ({ keyring }: World) => keyring.seal(utf8("value"), where);
const custody = async (text: Promise<string>): Promise<string> => (await text).split(":", 1)[0] as string;
const failovers = (events: readonly KeysEvent[]) =>
  events.flatMap((event) => (event.type === "failover" ? [[event.operation, event.reason]] : []));
const returned = ({ events }: World): boolean => events.some(({ type }) => type === "recovered");

const OUTAGES: readonly (readonly [Mood, string])[] = [
  ["provider-unavailable", "unavailable"],
  ["provider-throttled", "throttled"],
  ["hangs", "timeout"],
];

for (const [mood, reason] of OUTAGES) {
  test(`${mood}: writing goes on with the local key, and says so each time`, async () => {
    const lines: unknown[][] = [];
    const log = {
      debug() {},
      info() {},
      error() {},
      warn: (...line: unknown[]) => lines.push(line),
      child: () => log,
    };
    using w = world({ log, keyLimits: { records: 5 } });
    w.primary.mood = mood;
    for (let i = 0; i < 5; i += 1) assert.equal(await custody(seal(w)), "local");
    assert.deepEqual(failovers(w.events), [["wrap", reason]]);
    assert.equal(await custody(seal(w)), "local");
    assert.equal(failovers(w.events).length, 2, "each data key without the primary is one failover");
    const said = lines.filter(([, text]) => /stands in for kms-of-the-test/.test(String(text)));
    assert.equal(said.length, 2);
  });

  test(`${mood}: what was sealed before is read by the local key`, async () => {
    using w = world();
    const text = await seal(w);
    w.primary.mood = mood;
    using reader = w.another();
    assert.equal(fromUtf8(await reader.open(text, where)), "value");
    assert.deepEqual(failovers(w.events), [["unwrap", reason]]);
  });
}

const ANSWERS: readonly KeysErrorCode[] = ["provider-denied", "provider-refused", "provider-garbled"];

for (const mood of ANSWERS) {
  test(`${mood}: nothing is written and nothing is read by another key`, async () => {
    using w = world();
    const text = await seal(w);
    w.primary.mood = mood;
    using other = w.another();
    for (let i = 0; i < 10; i += 1) {
      await assert.rejects(other.seal(utf8("value"), where), { code: mood });
      await assert.rejects(other.open(text, where), { code: mood });
    }
    assert.deepEqual(failovers(w.events), []);
    assert.equal(w.local.unwraps, 0);
    assert.equal(w.keyring.health()[0]?.status, "up", "a refusal is an answer, and opens no circuit");
  });
}

test("an error that nobody foresaw is not bridged either", async () => {
  using w = world();
  w.primary.wrap = () => Promise.reject(new Error("a bug"));
  await assert.rejects(seal(w), /a bug/);
  assert.deepEqual(failovers(w.events), []);
});

test("values sealed meanwhile are read during the outage and after it, by every process", async () => {
  using w = world();
  w.primary.mood = "provider-unavailable";
  const text = await seal(w);
  using during = w.another();
  assert.equal(fromUtf8(await during.open(text, where)), "value");
  w.primary.mood = "works";
  using afterwards = w.another();
  assert.equal(fromUtf8(await afterwards.open(text, where)), "value");
});

test("reading survives the loss of the local key while the primary answers", async () => {
  using w = world();
  const text = await seal(w);
  w.local.mood = "provider-unavailable";
  using reader = w.another();
  assert.equal(fromUtf8(await reader.open(text, where)), "value");
});

test("without both there is no key, and the error says so", async () => {
  using w = world();
  const text = await seal(w);
  w.primary.mood = "provider-unavailable";
  w.local.mood = "provider-unavailable";
  using other = w.another();
  await assert.rejects(other.open(text, where), { code: "key-unavailable" });
  await assert.rejects(other.seal(utf8("value"), where), { code: "key-unavailable" });
});

test("no value waits for a provider that hangs: only the first does, and the return is tried behind its back", async () => {
  using w = world({ keyLimits: { records: 100 } });
  w.primary.mood = "hangs";
  await seal(w);
  const asked = w.primary.wraps;
  // Nothing below lets time pass on the machine: had a value waited for the provider, its budget would have run out.
  for (let i = 0; i < 1_000; i += 1) {
    w.clock.advance(1_000);
    assert.equal(await custody(seal(w)), "local");
  }
  assert.equal(w.primary.wraps, asked + 1, "one attempt to return is under way, and nobody waits for it");
});

test("when the primary answers again new values stand under it, and an event says after how long", async () => {
  using w = world();
  w.primary.mood = "provider-unavailable";
  assert.equal(await custody(seal(w)), "local");
  w.primary.mood = "works";
  w.clock.advance(9_999);
  assert.equal(await custody(seal(w)), "local");
  assert.ok(!returned(w));
  w.clock.advance(1);
  await seal(w);
  await until(() => returned(w));
  assert.equal(await custody(seal(w)), "kms");
  assert.ok(w.events.some((event) => event.type === "recovered" && event.afterMs === 10_000));
});

test("a primary that comes back and denies ends the stand-in", async () => {
  using w = world();
  w.primary.mood = "provider-unavailable";
  await seal(w);
  w.primary.mood = "provider-denied";
  w.clock.advance(10_000);
  await seal(w);
  await until(() =>
    w.events.some((event) => event.type === "operation" && event.outcome === "provider-denied"),
  );
  await assert.rejects(seal(w), { code: "provider-denied" });
});

test("the stand-in has an end", async () => {
  using w = world({ standInForAtMostMs: 60_000, keyLimits: { ageMs: 30_000 }, returnAfterMs: 1e9 });
  w.primary.mood = "provider-unavailable";
  await seal(w);
  w.clock.advance(60_000);
  assert.equal(await custody(seal(w)), "local");
  w.clock.advance(30_000);
  await assert.rejects(seal(w), { code: "key-unavailable" });
  w.primary.mood = "works";
  await sleep(60);
  assert.equal(await custody(seal(w)), "kms");
});

test("the circuit opens after three failures and spares the provider", async () => {
  using w = world({ keyLimits: { records: 1 }, openedKeys: { keys: 1 }, calls: BREAKER });
  const texts = [await seal(w), await seal(w), await seal(w), await seal(w), await seal(w), await seal(w)];
  w.primary.mood = "provider-unavailable";
  using reader = w.another();
  const before = w.primary.unwraps;
  for (const text of texts) await reader.open(text, where);
  assert.equal(w.primary.unwraps, before + 3);
  assert.deepEqual(failovers(w.events).at(-1), ["unwrap", "circuit-open"]);
  assert.equal(reader.health()[0]?.circuit, "open");
});

const BREAKER = {
  budgetMs: 60,
  attemptMs: 60,
  retry: "none",
  breaker: { failures: 3, halfOpenAfterMs: 60_000 },
} as const;

test("an observer that throws changes nothing", async () => {
  using w = world({
    observe: () => {
      throw new Error("the metrics are down");
    },
  });
  assert.equal(await custody(seal(w)), "kms");
});
