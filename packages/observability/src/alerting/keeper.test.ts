import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManualClock, manualClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { RULES } from "../../test/fixtures/alerting-rules.ts";
import { memoryAlertStore } from "../stores/memory.ts";
import { type Alerting, createAlerting } from "./alerting.ts";
import type { Notification } from "./notification.ts";
import type { AlertStore } from "./store.ts";

const MINUTE = 60_000;

/** A store that several processes share, and one of them can lose. */
function world() {
  const clock = manualClock(1_000_000_000);
  const shared = memoryAlertStore(clock);
  const lost = new Set<string>();
  const refusing = new Set<string>();
  const told: string[] = [];
  const processOf = (name: string, store = losable(shared, () => lost.has(name))): Alerting =>
    createAlerting({
      store,
      rules: RULES,
      routes: { receiver: "all", groupBy: ["alertname"], groupWaitMs: 0, groupIntervalMs: 1 },
      topology: {},
      receivers: [
        {
          name: "all",
          async send({ status, alerts }: Notification) {
            if (refusing.has(name)) return { kind: "refused", reason: "no" };
            told.push(`${name}: ${alerts.map((one) => one.name)} ${status}`);
            return { kind: "accepted" };
          },
        },
      ],
      clock,
      random: systemRandom,
      log: silentLogger,
      reporter: name,
      everyMs: null,
      storeTimeoutMs: 50,
    });
  return { clock, shared, lost, refusing, told, processOf };
}

function losable(store: AlertStore, isLost: () => boolean): AlertStore {
  return {
    ...store,
    update: (work) => (isLost() ? Promise.reject(new Error("connection refused")) : store.update(work)),
  };
}

async function see(
  clock: ManualClock,
  alerting: Alerting,
  rules: readonly string[],
  minutes = 1,
): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(MINUTE);
    const results = ["Urgent", "Notable"].map((rule) => ({
      rule,
      elements: rules.includes(rule) ? [{ labels: {}, value: 2 }] : [],
      settled: true,
    }));
    await alerting.take({ at: 0, results, failed: [], targets: [], series: 0, refused: 0, tookMs: 0 });
  }
  await new Promise((resolve) => setImmediate(resolve));
}

test("who lost the store does not tell the end of what others may still see", async () => {
  const { clock, lost, told, processOf } = world();
  const [a, b] = [processOf("a"), processOf("b")];
  await see(clock, a, ["Urgent"]);
  await see(clock, b, ["Urgent"]);
  lost.add("b");
  await see(clock, b, [], 20);
  assert.deepEqual(told, ["a: Urgent firing"]);
  lost.delete("b");
  await see(clock, b, []);
  await see(clock, a, ["Urgent"]);
  assert.deepEqual(told, ["a: Urgent firing"]);
  await see(clock, a, []);
  assert.deepEqual(told, ["a: Urgent firing", "a: Urgent resolved"]);
});

test("what began and ended while the store was away is told when it is back, and what was told is not told again", async () => {
  const { clock, lost, told, processOf } = world();
  const a = processOf("a");
  await see(clock, a, []);
  lost.add("a");
  await see(clock, a, ["Urgent", "Notable"], 3);
  assert.deepEqual(told, ["a: Urgent firing"]);
  await see(clock, a, ["Urgent"], 3);
  lost.delete("a");
  await see(clock, a, ["Urgent"], 10);
  assert.deepEqual(told, ["a: Urgent firing", "a: Notable resolved"]);
  assert.equal((await a.list()).alerts.find(({ rule }) => rule === "Urgent")?.phase, "firing");
});

test("each process that lost the store tells what is critical once, whatever their number", async () => {
  const { clock, lost, told, processOf } = world();
  const all = ["a", "b", "c"].map((name) => ({ name, alerting: processOf(name) }));
  for (const { name, alerting } of all) {
    await see(clock, alerting, []);
    lost.add(name);
  }
  for (const { alerting } of all) await see(clock, alerting, ["Urgent", "Notable"], 5);
  assert.deepEqual(told, ["a: Urgent firing", "b: Urgent firing", "c: Urgent firing"]);
  lost.clear();
  for (const { alerting } of all) await see(clock, alerting, ["Urgent", "Notable"], 2);
  assert.deepEqual(told.slice(3), ["a: Notable firing"]);
});

test("a silence that was set while the store was away is kept when it is back, and so is what others set", async () => {
  const { clock, lost, processOf } = world();
  const [a, b] = [processOf("a"), processOf("b")];
  const silence = (author: string) => ({
    kind: "silence" as const,
    where: { alertname: author },
    author,
    reason: "work",
    when: { kind: "once" as const, from: 0, to: clock.now() + 60 * MINUTE },
  });
  const old = await a.mute(silence("old"));
  await see(clock, a, []);
  lost.add("a");
  await a.mute(silence("mine"));
  await a.unmute(old.id);
  await b.mute(silence("other"));
  lost.delete("a");
  await see(clock, a, []);
  assert.deepEqual((await a.list()).mutes.map(({ author }) => author).sort(), ["mine", "other"]);
});

test("what a receiver refused while the store was away is a dead letter when it is back", async () => {
  const { clock, lost, refusing, processOf } = world();
  const a = processOf("a");
  await see(clock, a, []);
  lost.add("a");
  refusing.add("a");
  await see(clock, a, ["Urgent"], 2);
  lost.delete("a");
  await see(clock, a, ["Urgent"]);
  assert.deepEqual(
    (await a.deadLetters()).map(({ dead }) => dead?.reason),
    ["no"],
  );
});

test("a store that does not answer at all is away too", async () => {
  const { clock, told, processOf } = world();
  let isHanging = false;
  const shared = memoryAlertStore(clock);
  const hanging: AlertStore = {
    ...shared,
    update: (work) => (isHanging ? new Promise(() => {}) : shared.update(work)),
  };
  const a = processOf("a", hanging);
  await see(clock, a, []);
  isHanging = true;
  await see(clock, a, ["Urgent"]);
  assert.deepEqual(told, ["a: Urgent firing"]);
});

test("a process that began while the store was away takes neither an acknowledgement nor a beginning back", async () => {
  const { clock, lost, processOf } = world();
  const a = processOf("a");
  await see(clock, a, ["Urgent"]);
  const [before] = (await a.list()).alerts;
  assert.ok(before !== undefined && (await a.acknowledge(before.fingerprint, "ada")));
  lost.add("b");
  const b = processOf("b");
  await see(clock, b, ["Urgent"], 2);
  lost.delete("b");
  await see(clock, b, ["Urgent"]);
  const [after] = (await a.list()).alerts;
  assert.deepEqual([after?.acknowledged?.by, after?.firingAt], ["ada", before.firingAt]);
  assert.deepEqual(after?.seenBy, ["a", "b"]);
});

test("a store that answers too late keeps nothing of what was asked: what this process told meanwhile is told once", async () => {
  const { clock, told, shared, processOf } = world();
  let slow: Promise<void> | null = null;
  const late: AlertStore = {
    ...shared,
    update: async (work) => {
      await slow;
      return shared.update(work);
    },
  };
  const [a, b] = [processOf("a", late), processOf("b")];
  await see(clock, a, []);
  const answers = Promise.withResolvers<void>();
  slow = answers.promise;
  await see(clock, a, ["Urgent"]);
  assert.deepEqual(told, ["a: Urgent firing"]);
  answers.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  await see(clock, b, []);
  await see(clock, a, ["Urgent"], 2);
  assert.deepEqual(told, ["a: Urgent firing"]);
});
