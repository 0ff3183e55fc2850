/** What every store of idempotency keys and of taken events promises, on one instance. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IdempotencyStore, ReplayStore, StoredAnswer } from "../../src/index.ts";

export interface OnceSubject {
  readonly idempotency: IdempotencyStore;
  readonly replays: ReplayStore;
  /** Lets time pass, for real or not. */
  wait(milliseconds: number): Promise<void> | void;
}

const ANSWER: StoredAnswer = {
  status: 201,
  headers: ["Location", "/a", "X-Odd", 'é "quoted"'],
  body: "{} \u0000 é🛡\r\n",
};

export function onceContract(open: () => OnceSubject): void {
  let keys = 0;
  const freshKey = (): string => {
    keys += 1;
    return `}{ ${keys} é`;
  };

  test("contract: a key is held, then its answer is known, whatever it holds", async () => {
    const { idempotency: store } = open();
    for (const answer of [ANSWER, null, { status: 204, headers: [], body: "" }]) {
      const key = freshKey();
      assert.equal(await store.begin(key, "one", "print", 60), null);
      assert.deepEqual(await store.begin(key, "two", "other", 60), {
        state: "running",
        fingerprint: "print",
      });
      assert.equal(await store.finish(key, "one", answer, 60), true);
      const done = { state: "done", fingerprint: "print", answer };
      assert.deepEqual(await store.begin(key, "two", "print", 60), done);
      assert.equal(await store.abandon(key, "one"), false, "what is done stays done");
      assert.deepEqual(await store.begin(key, "two", "print", 60), done);
    }
  });

  test("contract: of many at once exactly one gets the key, or the event", async () => {
    const { idempotency, replays } = open();
    const key = freshKey();
    const begun = Array.from({ length: 20 }, (_, i) => idempotency.begin(key, `owner ${i}`, "print", 60));
    assert.equal((await Promise.all(begun)).filter((known) => known === null).length, 1);
    const claims = Array.from({ length: 20 }, () => replays.claim(key, 60));
    assert.equal((await Promise.all(claims)).filter(Boolean).length, 1);
  });

  test("contract: only who holds a key can end its attempt", async () => {
    const { idempotency: store } = open();
    const key = freshKey();
    await store.begin(key, "one", "print", 60);
    assert.equal(await store.finish(key, "two", ANSWER, 60), false);
    assert.equal(await store.abandon(key, "two"), false);
    assert.equal((await store.begin(key, "two", "print", 60))?.state, "running");
    assert.equal(await store.abandon(key, "one"), true);
    assert.equal(await store.finish(key, "one", ANSWER, 60), false);
    assert.equal(await store.begin(key, "two", "other", 60), null);
  });

  test("contract: who crashed holds its key no longer when its time is over, and ends nothing afterwards", async () => {
    const { idempotency: store, wait } = open();
    const key = freshKey();
    await store.begin(key, "crashed", "print", 0.3);
    await wait(400);
    assert.equal(await store.begin(key, "next", "print", 60), null);
    assert.equal(await store.finish(key, "crashed", ANSWER, 60), false);
    assert.equal(await store.abandon(key, "crashed"), false);
    assert.equal((await store.begin(key, "third", "print", 60))?.state, "running");
  });

  test("contract: answers and events are forgotten when their time is over, and released at once", async () => {
    const { idempotency: store, replays, wait } = open();
    const key = freshKey();
    await store.begin(key, "one", "print", 60);
    await store.finish(key, "one", ANSWER, 0.3);
    assert.equal(await replays.claim(key, 0.3), true);
    await wait(400);
    assert.equal(await store.begin(key, "two", "print", 60), null);
    assert.equal(await replays.claim(key, 60), true);
    assert.equal(await replays.claim(key, 60), false);
    await replays.release(key);
    assert.equal(await replays.claim(key, 60), true);
  });
}
