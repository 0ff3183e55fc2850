import assert from "node:assert/strict";
import type { RawAnswer } from "./raw.ts";

export const SECURITY_HEADERS = [
  "content-security-policy",
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
  "referrer-policy",
  "permissions-policy",
  "cross-origin-opener-policy",
  "cross-origin-embedder-policy",
  "cross-origin-resource-policy",
  "x-xss-protection",
  "x-request-id",
];

/** Every security header, exactly once, and none of them weakened. */
export function assertHardened(answer: RawAnswer): void {
  for (const name of SECURITY_HEADERS) {
    const lines = answer.text.toLowerCase().split(`\r\n${name}:`).length - 1;
    assert.equal(lines, 1, `${name} is there ${lines} times in ${answer.text}`);
  }
  assert.doesNotMatch(answer.headers.get("content-security-policy") ?? "", /default-src \*/);
}

/** A problem document of this status and code, with every header. */
export function assertProblem(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assertHardened(answer);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.match(answer.headers.get("cache-control") ?? "", /\bno-store$/);
  const problem = JSON.parse(answer.body);
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(problem.requestId, answer.headers.get("x-request-id"));
  assert.equal(typeof problem.error.message, "string");
}
