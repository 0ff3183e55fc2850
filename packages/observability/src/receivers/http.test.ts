import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeStatus, readRetryAfter } from "./http.ts";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const answer = (status: number, retryAfterMs?: number) => ({
  status,
  retryAfterMs,
  text: async () => "",
});

test("Retry-After is read in seconds and as a date", () => {
  const read = (text: string | null) => readRetryAfter(text, NOW);
  assert.deepEqual(["0", "120"].map(read), [0, 120_000]);
  assert.equal(read("Sat, 21 Nov 2026 10:01:30 GMT"), 90_000);
  assert.equal(read("Sat, 21 Nov 2026 09:00:00 GMT"), 0);
  for (const text of [
    null,
    "",
    "-1",
    "1.5",
    "soon",
    "2026-11-21",
    "9".repeat(30),
    "Sat, 99 Nov 2026 10:01:30 GMT",
  ])
    assert.equal(read(text), undefined, String(text));
});

test("a status that passes by itself is tried again, any other refusal is final", () => {
  for (const status of [200, 202, 204]) assert.equal(judgeStatus(answer(status)).kind, "accepted");
  for (const status of [408, 425, 429, 500, 502, 503, 504])
    assert.equal(judgeStatus(answer(status)).kind, "retry", String(status));
  for (const status of [301, 302, 307, 400, 401, 403, 404, 410, 413])
    assert.equal(judgeStatus(answer(status)).kind, "refused", String(status));
  assert.match(JSON.stringify(judgeStatus(answer(302))), /no redirect is followed/);
  assert.deepEqual(judgeStatus(answer(503, 5_000)), {
    kind: "retry",
    reason: "answered 503",
    afterMs: 5_000,
  });
});

test("any Retry-After is a time that is not past, or none", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const after = readRetryAfter(text, NOW);
      assert.ok(after === undefined || (after >= 0 && Number.isFinite(after)));
    }),
  );
});
