import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import fc from "fast-check";
import { KeysError } from "../errors.ts";
import type { SecretEvent, SecretProvider } from "./ports.ts";
import { createSecrets } from "./secrets.ts";

const MINUTE = 60_000;
const lost = new KeysError("secret-unavailable", "no answer");
const denied = new KeysError("secret-denied", "no");

/** A store whose answer the test decides, also when it arrives. */
function store(initial: string | KeysError) {
  const state = { answer: initial, reads: 0, gate: Promise.resolve() };
  let tell: (name?: string) => void = () => {};
  const provider: SecretProvider = {
    name: "store",
    async read() {
      state.reads += 1;
      const { answer, gate } = state;
      await gate;
      if (answer instanceof KeysError) throw answer;
      return new Secret(answer);
    },
    watch(changed) {
      tell = changed;
      return { [Symbol.dispose]() {} };
    },
  };
  return Object.assign(state, { provider, tell: (name?: string) => tell(name) });
}

function setUp(initial: string | KeysError) {
  const clock = manualClock();
  const held = store(initial);
  const events: SecretEvent[] = [];
  const observe = (event: SecretEvent): void => void events.push(event);
  const secrets = createSecrets({ provider: held.provider, clock, observe, maxStaleMs: 10 * MINUTE });
  return { clock, held, events, secrets };
}

test("a value is read once in five minutes, whoever asks and however many at once", async () => {
  const { clock, held, secrets } = setUp("one");
  const values = await Promise.all(Array.from({ length: 50 }, () => secrets.get("key")));
  assert.deepEqual(new Set(values.map((value) => value.reveal())), new Set(["one"]));
  clock.advance(5 * MINUTE - 1);
  held.answer = "two";
  assert.equal((await secrets.get("key")).reveal(), "one");
  assert.equal(held.reads, 1);
  clock.advance(1);
  assert.equal((await secrets.get("key")).reveal(), "two");
  assert.equal(held.reads, 2);
});

test("an outage is bridged with the last value, loudly, up to its bound and not a millisecond longer", async () => {
  const { clock, held, events, secrets } = setUp("one");
  await secrets.get("key");
  held.answer = lost;
  clock.advance(5 * MINUTE);
  assert.equal((await secrets.get("key")).reveal(), "one");
  assert.deepEqual(
    events.map(({ type }) => type),
    ["failed", "stale"],
  );
  clock.advance(10 * MINUTE - 1);
  assert.equal((await secrets.get("key")).reveal(), "one");
  clock.advance(1);
  await assert.rejects(secrets.get("key"), { code: "secret-unavailable" });
});

test("during an outage the store is not asked by every caller", async () => {
  const { clock, held, secrets } = setUp("one");
  await secrets.get("key");
  held.answer = lost;
  clock.advance(5 * MINUTE);
  for (let i = 0; i < 100; i += 1) await secrets.get("key");
  assert.equal(held.reads, 2);
});

test("a denial is never bridged, and an outage after it finds nothing to bridge with", async () => {
  const { clock, held, secrets } = setUp("one");
  await secrets.get("key");
  held.answer = denied;
  clock.advance(5 * MINUTE);
  await assert.rejects(secrets.get("key"), { code: "secret-denied" });
  held.answer = lost;
  await assert.rejects(secrets.get("key"), { code: "secret-unavailable" });
});

test("under any course of answers: no value after a denial until the store gives one, none beyond the bound", async () => {
  const step = fc.record({
    answer: fc.constantFrom("value", "lost", "denied", "missing"),
    advance: fc.integer({ min: 0, max: 8 * MINUTE }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, held, secrets } = setUp(lost);
      let deniedSinceValue = true;
      let valueAt = Number.NEGATIVE_INFINITY;
      for (const { answer, advance } of steps) {
        clock.advance(advance);
        held.answer =
          { value: "text", lost, denied, missing: new KeysError("secret-missing", "gone") }[answer] ?? lost;
        const before = held.reads;
        const got = await secrets.get("key").then(
          () => true,
          () => false,
        );
        if (held.reads > before && answer === "value") {
          deniedSinceValue = false;
          valueAt = clock.monotonic();
        }
        if (held.reads > before && (answer === "denied" || answer === "missing")) deniedSinceValue = true;
        if (got) assert.ok(!deniedSinceValue && clock.monotonic() - valueAt <= 15 * MINUTE);
      }
    }),
    { numRuns: 200 },
  );
});

test("a field of a JSON secret is read by its path, and nothing inherited is one", async () => {
  const { secrets } = setUp(JSON.stringify({ db: { password: "marker", port: 5432, list: [1] } }));
  assert.equal((await secrets.get("key#db.password")).reveal(), "marker");
  assert.equal((await secrets.get("key#db.port")).reveal(), "5432");
  for (const path of ["db", "db.none", "constructor.name", "__proto__", "db.password.length", "db.list"])
    await assert.rejects(secrets.get(`key#${path}`), { code: "secret-malformed" });
});

test("a secret that is no JSON document is refused without a piece of it", async () => {
  const { secrets } = setUp("marker{");
  await assert.rejects(secrets.get("key#a"), (error: Error) => {
    assert.ok(!String(error.stack).includes("marker{"));
    return (error as KeysError).code === "secret-malformed";
  });
});

test("references that name nothing are the programmer's mistake", async () => {
  const { secrets } = setUp("one");
  for (const text of ["", "#a", "a#", "a#b..c", "a#b#c", "x".repeat(513)])
    await assert.rejects(secrets.get(text), TypeError);
});

test("a told change reaches the subscribers of what changed, once", async () => {
  const { held, secrets } = setUp('{"a":"1","b":"1"}');
  await secrets.get("key");
  const seen: string[] = [];
  using _a = secrets.onChange("key#a", (secret) => seen.push(`a=${secret.reveal()}`));
  using _b = secrets.onChange("key#b", (secret) => seen.push(`b=${secret.reveal()}`));
  held.answer = '{"a":"2","b":"1"}';
  held.tell("key");
  await secrets.get("key");
  held.tell();
  await secrets.get("key");
  assert.deepEqual(seen, ["a=2"]);
});

test("an answer that was on its way when the value changed is not kept", async () => {
  const { held, secrets } = setUp("old");
  const { promise, resolve } = Promise.withResolvers<void>();
  held.gate = promise;
  const early = secrets.get("key");
  held.answer = "new";
  held.gate = Promise.resolve();
  held.tell("key");
  resolve();
  assert.equal((await early).reveal(), "old");
  assert.equal((await secrets.get("key")).reveal(), "new");
});

test("a subscriber that throws, and an observer that does, cost nobody the value", async () => {
  const held = store("one");
  const observe = (): never => {
    throw new Error("observer");
  };
  using secrets = createSecrets({ provider: held.provider, observe });
  await secrets.get("key");
  using _subscription = secrets.onChange("key", () => {
    throw new Error("subscriber");
  });
  held.answer = "two";
  held.tell();
  assert.equal((await secrets.get("key")).reveal(), "two");
});

test("forgotten, a value is asked for again", async () => {
  const { held, secrets } = setUp("one");
  await secrets.get("key");
  secrets.forget();
  await secrets.get("key");
  assert.equal(held.reads, 2);
});
