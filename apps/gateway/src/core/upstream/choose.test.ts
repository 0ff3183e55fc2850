import assert from "node:assert/strict";
import { test } from "node:test";
import { type Candidate, chooseTarget } from "./choose.ts";
import { HEALTHY } from "./health.ts";

function candidate(inFlight: number, health: Partial<typeof HEALTHY> = {}): Candidate {
  return { inFlight, health: { ...HEALTHY, ...health } };
}

test("the least under way, the next in turn among equals", () => {
  const [a, b, c] = [candidate(2), candidate(1), candidate(1)];
  assert.equal(chooseTarget([a, b, c], 0, 0, null), b);
  assert.equal(chooseTarget([a, b, c], 2, 0, null), c);
});

test("none that its checks found down, not even when all are", () => {
  const [down, busy] = [candidate(0, { isUp: false }), candidate(9)];
  assert.equal(chooseTarget([down, busy], 0, 0, null), busy);
  assert.equal(chooseTarget([down], 0, 0, null), null);
});

test("ejected ones last, the soonest back when all are", () => {
  const [early, late, idle] = [
    candidate(5, { ejectedUntil: 10 }),
    candidate(0, { ejectedUntil: 20 }),
    candidate(7),
  ];
  assert.equal(chooseTarget([early, late, idle], 0, 5, null), idle);
  assert.equal(chooseTarget([late, early], 0, 5, null), early);
  assert.equal(chooseTarget([early, late], 0, 30, null), late);
});

test("a tried one only when there is no other", () => {
  const [tried, other] = [candidate(0), candidate(9, { ejectedUntil: 10 })];
  assert.equal(chooseTarget([tried, other], 0, 0, new Set([tried])), other);
  assert.equal(chooseTarget([tried], 0, 0, new Set([tried])), tried);
});
