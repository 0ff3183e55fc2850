import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, utf8 } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import {
  createIdempotency,
  type IdempotentOutcome,
  type IdempotentRequest,
  readIdempotencyKey,
} from "./idempotency.ts";
import { createMemoryIdempotencyStore, type StoredAnswer } from "./store.ts";

const REQUEST: IdempotentRequest = {
  key: "k-1",
  caller: "ann",
  method: "POST",
  target: "/payments",
  body: utf8('{"amount":1}'),
};
const CREATED: StoredAnswer = { status: 201, headers: ["Location", "/payments/1"], body: "{}" };

function subject(maxKeys = 100) {
  const clock = manualClock();
  const store = createMemoryIdempotencyStore({ clock, maxKeys });
  let runs = 0;
  const work = async () => {
    runs += 1;
    return CREATED;
  };
  const { run } = createIdempotency({ store });
  return { clock, store, run, work, runs: () => runs };
}

const code = (outcome: IdempotentOutcome) =>
  outcome.kind === "refused" ? `${outcome.problem.status} ${outcome.problem.code}` : outcome.replayed;

test("a request sent again is answered as the first time, without running", async () => {
  const { run, work, runs, clock } = subject();
  assert.deepEqual(await run(REQUEST, work), { kind: "answered", answer: CREATED, replayed: false });
  assert.deepEqual(await run(REQUEST, work), { kind: "answered", answer: CREATED, replayed: true });
  assert.equal(code(await run({ ...REQUEST, key: '"k-1"' }, work)), true);
  assert.equal(runs(), 1);
  clock.advance(86_400_000);
  assert.equal(code(await run(REQUEST, work)), false);
});

test("a duplicate while the first still runs is refused; many at once run once", async () => {
  const { run, runs, work } = subject();
  const { promise: others, resolve: letGo } = Promise.withResolvers<void>();
  const slow = () => others.then(work);
  let open = 20;
  const count = (outcome: IdempotentOutcome) => {
    open -= 1;
    if (open === 1) letGo();
    return outcome;
  };
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => run(REQUEST, slow).then(count)));
  assert.equal(runs(), 1);
  assert.equal(outcomes.filter((outcome) => code(outcome) === "409 idempotency-key-in-use").length, 19);
});

test("a key is one caller's, for one request", async () => {
  const { run, work } = subject();
  await run(REQUEST, work);
  for (const change of [{ body: utf8("{}") }, { target: "/refunds" }, { method: "PATCH" }]) {
    assert.equal(code(await run({ ...REQUEST, ...change }, work)), "422 idempotency-key-reused");
  }
  assert.equal(code(await run({ ...REQUEST, caller: "bob" }, work)), false);
});

test("a failure frees the key: thrown, or answered with 5xx; a refusal is kept", async () => {
  const { run, work, runs } = subject();
  await assert.rejects(
    run(REQUEST, () => Promise.reject(new Error("no"))),
    /no/,
  );
  await run(REQUEST, async () => ({ ...CREATED, status: 503 }));
  assert.equal(code(await run(REQUEST, work)), false);
  assert.equal(runs(), 1);
  const refusal = { status: 402, headers: [], body: "" };
  await run({ ...REQUEST, key: "k-2" }, async () => refusal);
  assert.equal(code(await run({ ...REQUEST, key: "k-2" }, work)), true);
});

test("an attempt that outlives its hold does not overwrite the next one's answer", async () => {
  const { run, clock } = subject();
  const { promise: answer, resolve: release } = Promise.withResolvers<StoredAnswer>();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const slow = run(REQUEST, () => {
    start();
    return answer;
  });
  await started;
  clock.advance(60_000);
  const second = { ...CREATED, body: "second" };
  await run(REQUEST, async () => second);
  release(CREATED);
  await slow;
  const replay = await run(REQUEST, () => assert.fail("must not run"));
  assert.ok(replay.kind === "answered" && replay.answer.body === "second");
});

test("a full store refuses rather than forgets", async () => {
  const { run, work, clock } = subject(2);
  await run(REQUEST, work);
  await run({ ...REQUEST, key: "k-2" }, work);
  await assert.rejects(run({ ...REQUEST, key: "k-3" }, work), RangeError);
  assert.equal(code(await run(REQUEST, work)), true);
  clock.advance(86_400_000);
  assert.equal(code(await run({ ...REQUEST, key: "k-3" }, work)), false);
});

test("a key must be there and well formed", async () => {
  const { run, work, store, runs } = subject();
  assert.equal(code(await run({ ...REQUEST, key: undefined }, work)), "400 idempotency-key-missing");
  for (const key of ["", '""', '"', "a b", "a\r\nb", "é", "a".repeat(256), '"a"b"', "a\\b"]) {
    assert.equal(code(await run({ ...REQUEST, key }, work)), "400 idempotency-key-malformed", key);
  }
  assert.equal(runs(), 0);
  const optional = createIdempotency({ store, required: false });
  assert.equal(code(await optional.run({ ...REQUEST, key: undefined }, work)), false);
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      const key = readIdempotencyKey(text);
      assert.ok(key === null || /^[\x21-\x7e]{1,255}$/.test(key));
    }),
  );
});

test("no two requests share a fingerprint by running their parts together", async () => {
  const { run, work } = subject();
  await run({ ...REQUEST, caller: "ab", key: "c" }, work);
  assert.equal(code(await run({ ...REQUEST, caller: "a", key: "bc" }, work)), false);
  await run({ ...REQUEST, key: "x", target: "/a", body: utf8("bc") }, work);
  assert.equal(
    code(await run({ ...REQUEST, key: "x", target: "/ab", body: utf8("c") }, work)),
    "422 idempotency-key-reused",
  );
});
