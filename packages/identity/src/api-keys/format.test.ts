import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "@rempart/kernel";
import fc from "fast-check";
import { isApiKey, mintApiKey, shownPrefix } from "./format.ts";

test("what is minted is a key; one character changed anywhere is none", () => {
  fc.assert(
    fc.property(fc.nat(76), fc.constantFrom(..."0123456789abcdefAF_g\0"), (at, character) => {
      const key = mintApiKey(systemRandom);
      assert.ok(isApiKey(key));
      const changed = key.slice(0, at) + character + key.slice(at + 1);
      assert.equal(isApiKey(changed), changed === key);
    }),
    { numRuns: 500 },
  );
});

test("no other text is a key, whatever its length", () => {
  for (const text of [
    "",
    "rmpk_",
    `rmpk_${"0".repeat(72)}`,
    "x".repeat(1e6),
    `${mintApiKey(systemRandom)}\n`,
  ]) {
    assert.equal(isApiKey(text), false);
  }
});

test("the shown prefix says little of the secret", () => {
  const key = mintApiKey(systemRandom);
  assert.equal(shownPrefix(key).length, 13);
  assert.ok(key.startsWith(shownPrefix(key)));
});
