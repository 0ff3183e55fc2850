import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arrivalOf, LINK_KINDS } from "./arrival.ts";

test("the token stands in the fragment, which no server sees", () => {
  assert.deepEqual(arrivalOf("#invitation=abc_DEF-123"), { kind: "invitation", token: "abc_DEF-123" });
  for (const kind of LINK_KINDS) assert.deepEqual(arrivalOf(`#${kind}=abc`), { kind, token: "abc" });
});

test("no fragment, another, an empty or an overlong one brings nothing", () => {
  for (const hash of [
    "",
    "#",
    "#content",
    "#invitation=",
    `#reset-password=${"x".repeat(129)}`,
    "#constructor=a",
  ]) {
    assert.equal(arrivalOf(hash), null);
  }
});

test("whatever stands in the address, it brings nothing or a bounded token of a known kind", () => {
  fc.assert(
    fc.property(fc.string(), (hash) => {
      const arrival = arrivalOf(`#${hash}`);
      assert.ok(arrival === null || (arrival.token.length > 0 && arrival.token.length <= 128));
    }),
  );
});
