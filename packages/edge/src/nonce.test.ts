import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "@rempart/kernel";
import { noncePool } from "./nonce.ts";

test("nonces are distinct, long enough, and of the characters a policy allows", () => {
  const next = noncePool(systemRandom);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i += 1) {
    const nonce = next();
    assert.match(nonce, /^[A-Za-z0-9+/]{24}$/);
    seen.add(nonce);
  }
  assert.equal(seen.size, 1000);
});
