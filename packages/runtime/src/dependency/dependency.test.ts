import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import type { DependencyDeclaration } from "./declaration.ts";
import { dependency } from "./dependency.ts";
import type { DependencyEvent } from "./events.ts";

const base = {
  name: "store",
  budgetMs: 5_000,
  onFailure: { mode: "fail" },
  retry: "none",
  breaker: "none",
} satisfies DependencyDeclaration;

const quickRetry = { attempts: 3, initialDelayMs: 1, maxDelayMs: 2 };
const down = (): Promise<never> => Promise.reject(new Error("connection refused"));
const hanging = (): Promise<never> => new Promise(() => {});

test("an answer passes through, and the event says how it went", async () => {
  const events: DependencyEvent[] = [];
  const store = dependency(base, { observe: (event) => events.push(event) });
  assert.equal(await store.call(async () => 42), 42);
  assert.deepEqual(
    events.map((event) => event.type === "call" && [event.outcome, event.attempts, event.degraded]),
    [["ok", 1, undefined]],
  );
  assert.equal(store.health().status, "up");
});

test("a failed attempt is repeated as declared, and no more", async () => {
  const events: DependencyEvent[] = [];
  const store = dependency({ ...base, retry: quickRetry }, { observe: (event) => events.push(event) });
  let calls = 0;
  const flaky = async (): Promise<string> => {
    calls += 1;
    if (calls < 3) throw new Error("busy");
    return "there";
  };
  assert.equal(await store.call(flaky), "there");
  assert.equal(calls, 3);
  calls = -10;
  await assert.rejects(store.call(flaky), { code: "dependency-failed", message: "store failed" });
  assert.equal(calls, -7);
  assert.equal(events.filter((event) => event.type === "retry").length, 4);
});

test("without retries a call is made once", async () => {
  let calls = 0;
  const store = dependency(base);
  await assert.rejects(store.call(() => down().finally(() => (calls += 1))));
  assert.equal(calls, 1);
});

test("work that hangs is told and left when the budget is spent", async () => {
  const store = dependency({ ...base, budgetMs: 20 });
  let told = false;
  const work = (signal: AbortSignal): Promise<never> => {
    signal.addEventListener("abort", () => (told = true));
    return hanging();
  };
  await assert.rejects(store.call(work), { code: "dependency-timeout" });
  assert.ok(told);
});

test("the budget covers the attempts and the pauses between them", async () => {
  let calls = 0;
  const patient = { attempts: 1_000, initialDelayMs: 15, maxDelayMs: 15 };
  const store = dependency({ ...base, budgetMs: 60, retry: patient });
  await assert.rejects(
    store.call(() => down().finally(() => (calls += 1))),
    { code: "dependency-timeout" },
  );
  const madeWithinBudget = calls;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.ok(madeWithinBudget < 1_000);
  assert.equal(calls, madeWithinBudget, "nothing is tried after the budget is spent");
});

test("an attempt's own limit leaves room for another attempt", async () => {
  let calls = 0;
  const store = dependency({ ...base, attemptMs: 20, retry: quickRetry });
  const slowOnce = (): Promise<string> => {
    calls += 1;
    return calls === 1 ? hanging() : Promise.resolve("there");
  };
  assert.equal(await store.call(slowOnce), "there");
});

test("the circuit opens after the declared failures, spares the dependency, and closes after one good answer", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const states: string[] = [];
  const store = dependency(
    { ...base, breaker: { failures: 2, halfOpenAfterMs: 1_000 } },
    { observe: (event) => event.type === "circuit" && states.push(event.state) },
  );
  await assert.rejects(store.call(down), { code: "dependency-failed" });
  await assert.rejects(store.call(down), { code: "dependency-failed" });
  assert.equal(store.state, "open");
  let asked = false;
  const probe = async (): Promise<string> => {
    asked = true;
    return "back";
  };
  await assert.rejects(store.call(probe), { code: "dependency-open" });
  assert.ok(!asked);
  t.mock.timers.tick(1_001);
  assert.equal(await store.call(probe), "back");
  assert.deepEqual(states, ["open", "half-open", "closed"]);
});

test("an open circuit is not asked again within the same call", async () => {
  const events: DependencyEvent[] = [];
  const store = dependency(
    { ...base, retry: quickRetry, breaker: { failures: 1, halfOpenAfterMs: 60_000 } },
    { observe: (event) => events.push(event) },
  );
  await assert.rejects(store.call(down));
  events.length = 0;
  await assert.rejects(store.call(down), { code: "dependency-open" });
  assert.deepEqual(
    events.map((event) => event.type),
    ["call"],
  );
});

test("a fallback is given for its time and then the call fails: closed, not stale for ever", async () => {
  const clock = manualClock();
  const store = dependency(
    { ...base, onFailure: { mode: "fallback", value: () => "cached", forAtMostMs: 60_000 } },
    { clock },
  );
  assert.equal(await store.call(down), "cached");
  clock.advance(60_000);
  assert.equal(await store.call(down), "cached");
  assert.deepEqual([store.health().status, store.health().failingForMs], ["degraded", 60_000]);
  clock.advance(1);
  await assert.rejects(store.call(down), { code: "dependency-failed" });
  assert.equal(store.health().status, "down");
  await store.call(async () => "fresh");
  assert.equal(await store.call(down), "cached", "a good answer starts the time anew");
});

test("skip gives its value for as long as it takes, and says so", async () => {
  const events: DependencyEvent[] = [];
  const clock = manualClock();
  const hint = dependency(
    { ...base, onFailure: { mode: "skip", value: undefined } },
    { clock, observe: (event) => events.push(event) },
  );
  clock.advance(1e9);
  assert.equal(await hint.call(down), undefined);
  assert.ok(events[0]?.type === "call" && events[0].degraded === "skip" && events[0].outcome === "failed");
});

test("a healthy refusal passes as it is: not repeated, not counted, not replaced", async () => {
  class NotFound extends Error {}
  let calls = 0;
  const store = dependency({
    ...base,
    retry: quickRetry,
    breaker: { failures: 1, halfOpenAfterMs: 60_000 },
    onFailure: { mode: "skip", value: undefined },
    isFailure: (error) => !(error instanceof NotFound),
  });
  const missing = async (): Promise<never> => {
    calls += 1;
    throw new NotFound();
  };
  await assert.rejects(store.call(missing), NotFound);
  assert.equal(calls, 1);
  assert.deepEqual([store.state, store.health().status], ["closed", "up"]);
});

test("a caller who leaves gets its own reason at once, and the dependency is not blamed", async () => {
  const store = dependency({ ...base, retry: quickRetry, breaker: { failures: 1, halfOpenAfterMs: 60_000 } });
  const controller = new AbortController();
  const call = store.call(hanging, { signal: controller.signal });
  controller.abort(new Error("the user closed the tab"));
  await assert.rejects(call, /closed the tab/);
  const heeding = store.call(
    (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    { signal: AbortSignal.timeout(5) },
  );
  await assert.rejects(heeding, { name: "TimeoutError" });
  await assert.rejects(
    store.call(async () => 1, { signal: AbortSignal.abort() }),
    { name: "AbortError" },
  );
  assert.deepEqual([store.state, store.health().status], ["closed", "up"]);
});

test("isolation shows the failure mode without touching the dependency", async () => {
  const store = dependency({ ...base, onFailure: { mode: "skip", value: "nothing" } });
  let asked = false;
  {
    using _ = store.isolate();
    const answer = await store.call(async () => {
      asked = true;
      return "answer";
    });
    assert.equal(answer, "nothing");
    assert.equal(store.state, "isolated");
    assert.equal(store.health().status, "degraded");
  }
  assert.ok(!asked);
  assert.equal(await store.call(async () => "answer"), "answer");
});

test("an observer that throws changes nothing", async () => {
  const store = dependency(base, {
    observe: () => {
      throw new Error("metrics are down too");
    },
  });
  assert.equal(await store.call(async () => 1), 1);
});

test("the declaration stays readable", () => {
  const declaration = { ...base, breaker: { failures: 5, halfOpenAfterMs: 1_000 } };
  assert.equal(dependency(declaration).declaration, declaration);
});

test("a declaration that could not work is refused", () => {
  const broken: Partial<DependencyDeclaration>[] = [
    { budgetMs: 0 },
    { budgetMs: Number.NaN },
    { attemptMs: 6_000 },
    { retry: { ...quickRetry, attempts: 0 } },
    { breaker: { failures: 0, halfOpenAfterMs: 1 } },
    { onFailure: { mode: "fallback", value: () => undefined as never, forAtMostMs: 0 } },
  ];
  for (const change of broken) assert.throws(() => dependency({ ...base, ...change }), TypeError);
});
