import assert from "node:assert/strict";
import { test } from "node:test";
import type { Suspicion } from "@rempart/audit";
import { manualClock } from "@rempart/kernel";
import { createResponder } from "./responder.ts";

const NOW = Date.UTC(2026, 0, 1);

function world() {
  const done: unknown[] = [];
  const responder = createResponder({
    clock: manualClock(NOW),
    bans: {
      ban: async (address, ban) => void done.push([address, ban]),
      lift: async (address) => done.push(["lift", address]) > 0,
    },
    administration: {
      endSessions: async (actor, userId) => done.push(["end", userId, actor]),
      requireStepUp: async (actor, userId) => done.push(["prove", userId, actor]),
    },
  });
  const respond = (response: Parameters<typeof responder.respond>[0], target: Suspicion["target"]) =>
    responder.respond(response, target, { rule: "guessing", target, score: 70, reason: "", evidence: [] });
  return { done, responder, respond };
}

test("a ban ends by itself, names its rule, and is taken back", async () => {
  const { done, responder, respond } = world();
  const target = { kind: "address", value: "203.0.113.9" } as const;
  await respond("ban-address", target);
  await responder.undo("ban-address", target);
  assert.deepEqual(done, [
    ["203.0.113.9", { reason: "detection: guessing", until: NOW + 30 * 60_000 }],
    ["lift", "203.0.113.9"],
  ]);
});

test("an address behind which a proxy of ours may stand is never banned", async () => {
  const { done, respond } = world();
  for (const value of ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.9.9", "::1", "fd00::1", "fe80::1"])
    await assert.rejects(respond("ban-address", { kind: "address", value }), RangeError, value);
  assert.deepEqual(done, []);
});

test("sessions are ended and made to prove themselves in the name of detection, and only of accounts", async () => {
  const { done, respond } = world();
  await respond("end-sessions", { kind: "user", value: "u1" });
  await respond("require-step-up", { kind: "user", value: "u1" });
  const detection = { kind: "operator", name: "detection" };
  assert.deepEqual(done, [
    ["end", "u1", detection],
    ["prove", "u1", detection],
  ]);
  await assert.rejects(respond("end-sessions", { kind: "address", value: "203.0.113.9" }), RangeError);
  await assert.rejects(respond("ban-address", { kind: "user", value: "u1" }), RangeError);
});
