import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEvent } from "@rempart/audit";
import type { DetectorEvent, Outcome } from "@rempart/edge";
import { manualClock } from "@rempart/kernel";
import { createEdgeEvents } from "./edge-events.ts";

const OUTCOME: Outcome = {
  requestId: "r1",
  method: "GET",
  path: "/admin/users",
  routeClass: "api",
  route: "api",
  status: 403,
  durationMs: 1,
  address: "203.0.113.9",
  verdict: "reject",
  code: "banned",
  reason: null,
  aborted: false,
  cause: undefined,
};

function world() {
  const clock = manualClock(0);
  const told: AuditEvent[] = [];
  const events = createEdgeEvents({ add: (event) => void told.push(event) }, clock);
  return { clock, told, events };
}

test("one who is refused over and over is told of once a minute", () => {
  const { clock, told, events } = world();
  for (let i = 0; i < 1_000; i += 1) events.public.settled(OUTCOME);
  for (let i = 0; i < 1_000; i += 1) events.limited("u1", "messages");
  assert.deepEqual(
    told.map(({ type }) => type),
    ["edge.banned", "edge.limited"],
  );
  clock.advance(60_000);
  events.public.settled(OUTCOME);
  events.limited("u1", "messages");
  events.limited("u2", "messages");
  assert.equal(told.length, 5);
});

test("however many addresses attack, what is remembered and recorded of them in a minute has a bound", () => {
  const { told, events } = world();
  for (let i = 0; i < 30_000; i += 1) events.public.settled({ ...OUTCOME, address: `a${i}` });
  assert.equal(told.length, 10_000);
});

test("what passes is nothing to tell; a doubt of the detector is none either", () => {
  const { told, events } = world();
  events.public.settled({ ...OUTCOME, status: 200, code: null, verdict: "pass" });
  events.administration.settled({ ...OUTCOME, status: 200, code: null, verdict: "pass" });
  const doubt: DetectorEvent = {
    requestId: "r1",
    address: "203.0.113.9",
    score: 3,
    findings: [{ family: "xss", score: 3, reason: "markup", place: "query", evidence: "<b" }],
    blocked: false,
  };
  events.detected(doubt);
  assert.equal(told.length, 0);
  events.detected({ ...doubt, score: 5 });
  assert.equal(told[0]?.security?.reason, "xss");
});
