import assert from "node:assert/strict";
import { test } from "node:test";
import type { RateLimitDecision } from "../ports.ts";
import { writeRateLimit } from "./fields.ts";

function decision(name: string, remaining: number, allowed = true): RateLimitDecision {
  return { policy: { name, limit: 100, windowSeconds: 60 }, allowed, remaining, resetSeconds: 12 };
}

function written(
  ...args: [RateLimitDecision, RateLimitDecision[] | null]
): Record<string, string | undefined> {
  const flat: string[] = [];
  writeRateLimit(flat, ...args);
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
}

test("one decision, in both families of fields", () => {
  assert.deepEqual(written(decision("address", 40), null), {
    "RateLimit-Policy": '"address";q=100;w=60',
    RateLimit: '"address";r=40;t=12',
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "40",
    "X-RateLimit-Reset": "12",
  });
});

test("several decisions are listed; the X- fields say the tightest, and a refusal says when to come back", () => {
  const fields = written(decision("address", 40), [decision("user", 7), decision("messages", 50, false)]);
  assert.equal(fields.RateLimit, '"address";r=40;t=12, "user";r=7;t=12, "messages";r=50;t=12');
  assert.equal(fields["X-RateLimit-Remaining"], "50");
  assert.equal(fields["Retry-After"], "12");
});
