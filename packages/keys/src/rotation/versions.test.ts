import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_AGE_MS, statusOf } from "./status.ts";
import { activeOf, destroy, inState, type KeyVersion, retire, rotate, stateAt } from "./versions.ts";

const DAY = 86_400_000;
const plan = (id: string, now: number) => ({ id, now, aheadMs: 100, overlapMs: DAY });

test("a version goes from next to active, overlap, retired and destroyed, in this order", () => {
  const first = rotate([], plan("a", 0));
  const both = rotate(first, plan("b", 1_000));
  const states = (now: number) => both.map((version) => stateAt(version, now));
  assert.deepEqual(states(1_000), ["active", "next"]);
  assert.deepEqual(states(1_099), ["active", "next"]);
  assert.deepEqual(states(1_100), ["overlap", "active"]);
  assert.deepEqual(states(1_100 + DAY - 1), ["overlap", "active"]);
  assert.deepEqual(states(1_100 + DAY), ["retired", "active"]);
  const gone = destroy(both, "a", 1_100 + DAY);
  assert.ok("versions" in gone);
  assert.equal(stateAt(gone.versions[0] as KeyVersion, 1_100 + DAY), "destroyed");
});

test("the first version is used at once: there is nothing it could surprise", () => {
  assert.equal(activeOf(rotate([], plan("a", 5)), 5)?.id, "a");
});

test("a second press of the button while a version waits changes nothing", () => {
  const both = rotate(rotate([], plan("a", 0)), plan("b", 1_000));
  assert.equal(rotate(both, plan("c", 1_050)), both);
});

test("steps out of order are refused", () => {
  const both = rotate(rotate([], plan("a", 0)), plan("b", 1_000));
  assert.deepEqual(retire(both, "a", 1_050), { refused: "in-use" });
  assert.deepEqual(retire(both, "b", 1_050), { refused: "in-use" });
  assert.deepEqual(destroy(both, "a", 1_200), { refused: "still-accepted" });
  assert.deepEqual(destroy(both, "b", 1_200), { refused: "in-use" });
  assert.deepEqual(destroy(both, "x", 1_200), { refused: "unknown" });
});

test("under any course of steps and times: one version is in use, and no state goes backwards", () => {
  const ORDER = ["next", "active", "overlap", "retired", "destroyed"];
  const step = fc.record({
    act: fc.constantFrom("rotate", "retire", "destroy"),
    pick: fc.nat(20),
    wait: fc.nat(2 * DAY),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 0;
      let versions = rotate([], plan("v0", now));
      let before = new Map<string, number>();
      for (const [i, { act, pick, wait }] of steps.entries()) {
        now += wait;
        const id = versions[pick % versions.length]?.id ?? "";
        if (act === "rotate") versions = rotate(versions, plan(`v${i + 1}`, now));
        const changed = act === "retire" ? retire(versions, id, now) : destroy(versions, id, now);
        if (act !== "rotate" && "versions" in changed) versions = changed.versions;
        assert.equal(inState(versions, "active", now).length, 1);
        const after = new Map(versions.map((version) => [version.id, ORDER.indexOf(stateAt(version, now))]));
        for (const [known, rank] of before) assert.ok((after.get(known) ?? -1) >= rank);
        before = after;
      }
    }),
  );
});

test("the 90-day rule: announced for a fortnight, then due, and of the version in use alone", () => {
  const versions = rotate([], plan("a", 0));
  const urgency = (now: number) => statusOf("csrf", versions, now).map((line) => line.urgency);
  assert.deepEqual(urgency(MAX_AGE_MS - 14 * DAY - 1), ["none"]);
  assert.deepEqual(urgency(MAX_AGE_MS - 14 * DAY), ["soon"]);
  assert.deepEqual(urgency(MAX_AGE_MS - 1), ["soon"]);
  assert.deepEqual(urgency(MAX_AGE_MS), ["due"]);
  const rotated = rotate(versions, plan("b", MAX_AGE_MS));
  const lines = statusOf("csrf", rotated, MAX_AGE_MS + 200);
  assert.deepEqual(
    lines.map(({ id, state, urgency, ageMs }) => [id, state, urgency, ageMs]),
    [
      ["b", "active", "none", 100],
      ["a", "overlap", "none", MAX_AGE_MS + 200],
    ],
  );
});
