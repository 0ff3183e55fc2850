import assert from "node:assert/strict";
import { test } from "node:test";
import { unsafeSeededRandom } from "@rempart/kernel";
import fc from "fast-check";
import type { Delivery } from "../receivers/receiver.ts";
import { claim, type Letter, type Letters, post, setBack, settle, withoutOldestDead } from "./letters.ts";
import type { Notification, NotifiedAlert } from "./notification.ts";

const random = unsafeSeededRandom(1);
const LEASE_MS = 60_000;

function alertOf(fingerprint: string, state: "firing" | "resolved"): NotifiedAlert {
  const about = {
    name: "Down",
    severity: "warning",
    component: "x",
    labels: {},
    value: 1,
    summary: "",
    runbook: "",
  } as const;
  return { ...about, fingerprint, state, firingSince: 0, resolvedAt: state === "resolved" ? 1 : null };
}

function about(
  id: string,
  groupKey: string,
  alerts: readonly NotifiedAlert[],
  at = 0,
  receiver = "pager",
): Notification {
  const status = alerts.some(({ state }) => state === "firing") ? "firing" : "resolved";
  return {
    id,
    receiver,
    groupKey,
    groupLabels: {},
    occasion: "new",
    status,
    severity: "warning",
    alerts,
    omitted: 0,
    at,
  };
}

function take(
  letters: Letters,
  now: number,
  sender = "a",
  limit = 10,
): { letters: Letters; taken: readonly Letter[] } {
  return claim(letters, now, { sender, leaseMs: LEASE_MS, limit, limitEach: 2, may: () => true });
}

const RETRY: Delivery = { kind: "retry", reason: "busy" };

test("of a group only the newest is sent, with what the older ones said of alerts that ended", () => {
  let letters: Letters = post(
    new Map(),
    [about("1", "g", [alertOf("x", "resolved"), alertOf("y", "firing")])],
    0,
  );
  letters = post(letters, [about("2", "g", [alertOf("y", "firing"), alertOf("z", "firing")])], 1);
  const { taken } = take(letters, 1);
  assert.deepEqual(
    taken.map(({ id }) => id),
    ["2"],
  );
  const said = taken[0]?.notification.alerts
    .map(({ fingerprint, state }) => `${fingerprint} ${state}`)
    .sort();
  assert.deepEqual(said, ["x resolved", "y firing", "z firing"]);
});

test("what is under way is not replaced: the newer one waits, and takes its place if it fails", () => {
  const first = take(post(new Map(), [about("1", "g", [alertOf("x", "firing")])], 0), 0);
  const [letter] = first.taken;
  assert.ok(letter !== undefined);
  const both = post(first.letters, [about("2", "g", [alertOf("x", "resolved")], 5)], 5);
  assert.equal(both.size, 2);
  assert.deepEqual(take(both, 5, "b").taken, []);
  const failed = settle(both, { letter, sender: "a", delivery: RETRY }, 6, random);
  assert.deepEqual([...(failed?.keys() ?? [])], ["2"]);
  const accepted = settle(both, { letter, sender: "a", delivery: { kind: "accepted" } }, 6, random);
  assert.deepEqual(
    take(accepted ?? new Map(), 6, "b").taken.map(({ id }) => id),
    ["2"],
  );
});

test("a letter whose sender died is sent by another one, and what the dead one still says is not heard", () => {
  const { letters, taken } = take(post(new Map(), [about("1", "g", [alertOf("x", "firing")])], 0), 0);
  const [letter] = taken;
  assert.ok(letter !== undefined);
  assert.deepEqual(take(letters, LEASE_MS - 1, "b").taken, []);
  const second = take(letters, LEASE_MS, "b");
  assert.equal(second.taken[0]?.attempts, 2);
  assert.equal(
    settle(second.letters, { letter, sender: "a", delivery: { kind: "accepted" } }, LEASE_MS + 1, random),
    null,
  );
});

test("a receiver that says when to come back hears nothing until then, of no group", () => {
  const two = [about("1", "g", [alertOf("x", "firing")]), about("2", "h", [alertOf("y", "firing")])];
  const { letters, taken } = take(post(new Map(), two, 0), 0, "a", 1);
  const [letter] = taken;
  assert.ok(letter !== undefined);
  const asked: Delivery = { kind: "retry", reason: "429", afterMs: 90_000 };
  const settled = settle(letters, { letter, sender: "a", delivery: asked }, 1, random) ?? new Map();
  assert.deepEqual(take(settled, 90_000).taken, []);
  assert.equal(take(settled, 100_000).taken.length, 2);

  const news = [about("3", "g", [alertOf("x", "resolved")], 2), about("4", "i", [alertOf("z", "firing")], 2)];
  const more = post(settled, [...news, about("5", "g", [], 2, "mail")], 2);
  const early = take(more, 90_000).taken.map(({ id }) => id);
  assert.deepEqual(early, ["5"], "also of what comes meanwhile");
  assert.equal(take(setBack(more, 80_000), 20_000).taken.length, 3);
});

test("a clock that is set back keeps no letter waiting", () => {
  const day = 86_400_000;
  const { letters } = take(post(new Map(), [about("1", "g", [alertOf("x", "firing")])], day), day);
  assert.equal(take(setBack(letters, day), LEASE_MS, "b").taken.length, 1);
  assert.equal(take(letters, LEASE_MS, "b").taken.length, 0);
});

test("one receiver takes no more than its share of the senders", () => {
  const many = Array.from({ length: 5 }, (_, index) =>
    about(`${index}`, `g${index}`, [alertOf("x", "firing")]),
  );
  const other = about("o", "g", [alertOf("x", "firing")], 0, "mail");
  const receivers = take(post(new Map(), [...many, other], 0), 0).taken.map(
    ({ notification }) => notification.receiver,
  );
  assert.deepEqual(receivers.toSorted(), ["mail", "pager", "pager"]);
});

test("the gravest letter goes first, however many wait", () => {
  const many = Array.from({ length: 5 }, (_, index) => about(`${index}`, `g${index}`, []));
  const grave: Notification = { ...about("c", "g", []), severity: "critical" };
  const waiting = post(new Map(), [...many, grave], 0);
  assert.equal(take(waiting, 0, "a", 1).taken[0]?.id, "c");
  const beat: Notification = { ...about("b", "h", []), severity: "info", occasion: "heartbeat" };
  assert.equal(take(post(waiting, [beat], 0), 0, "a", 1).taken[0]?.id, "b", "but for what must not be late");
});

test("what is refused is dead at once, and the oldest dead ones go", () => {
  let letters: Letters = post(
    new Map(),
    Array.from({ length: 5 }, (_, index) => about(`${index}`, `g${index}`, [], index)),
    0,
  );
  for (let now = 0; now < 5; now++) {
    const claimed = take(letters, now, "a", 1);
    const [letter] = claimed.taken;
    assert.ok(letter !== undefined);
    const refused: Delivery = { kind: "refused", reason: `no\0${"x".repeat(1_000)}` };
    letters = settle(claimed.letters, { letter, sender: "a", delivery: refused }, now, random) ?? letters;
  }
  const kept = withoutOldestDead(letters, 2);
  assert.deepEqual([...kept.keys()], ["3", "4"]);
  assert.ok(
    [...kept.values()].every(
      ({ dead }) => dead !== null && dead.reason.length <= 500 && !dead.reason.includes("\0"),
    ),
  );
});

/** Sender, group, or how long it takes: whatever comes. */
const move = fc.oneof(
  fc.record({ kind: fc.constant("post" as const), group: fc.nat(2), ended: fc.boolean() }),
  fc.record({ kind: fc.constant("claim" as const), sender: fc.constantFrom("a", "b", "c") }),
  fc.record({ kind: fc.constant("settle" as const), accepted: fc.boolean() }),
  fc.record({ kind: fc.constant("die" as const) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(2 * LEASE_MS) }),
);

test("whatever senders do, nothing is lost, one of a group is under way, and the last word is the newest", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      let letters: Letters = new Map();
      let [now, count] = [0, 0];
      let underWay: (Letter & { sender: string })[] = [];
      const newest = new Map<string, string>();
      const heard = new Map<string, string>();
      const accept = (letter: Letter, sender: string): void => {
        heard.set(letter.notification.groupKey, letter.id);
        letters = settle(letters, { letter, sender, delivery: { kind: "accepted" } }, now, random) ?? letters;
      };
      for (const one of moves) {
        if (one.kind === "post") {
          const id = String(++count).padStart(4, "0");
          letters = post(
            letters,
            [about(id, `g${one.group}`, [alertOf("x", one.ended ? "resolved" : "firing")], now)],
            now,
          );
          newest.set(`g${one.group}`, id);
        } else if (one.kind === "claim") {
          const claimed = take(letters, now, one.sender);
          letters = claimed.letters;
          underWay.push(...claimed.taken.map((letter) => ({ ...letter, sender: one.sender })));
        } else if (one.kind === "settle") {
          const [letter] = underWay.splice(0, 1);
          if (letter === undefined) continue;
          if (one.accepted) accept(letter, letter.sender);
          else
            letters =
              settle(letters, { letter, sender: letter.sender, delivery: RETRY }, now, random) ?? letters;
        } else if (one.kind === "die") underWay = [];
        else now += one.ms;
        const leased = [...letters.values()].filter(({ lease }) => lease !== null && now < lease.until);
        const topics = leased.map(({ notification }) => notification.groupKey);
        assert.equal(new Set(topics).size, topics.length);
        assert.ok(letters.size <= 6, "two letters a group at most");
      }
      underWay = [];
      for (let turn = 0; turn < 4; turn++) {
        now += 3_600_000;
        const claimed = take(letters, now, "z");
        letters = claimed.letters;
        for (const letter of claimed.taken) accept(letter, "z");
      }
      assert.equal(letters.size, 0);
      for (const [group, id] of newest) assert.equal(heard.get(group), id, `${group}'s last word`);
    }),
  );
});
