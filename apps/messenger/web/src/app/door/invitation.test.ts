import assert from "node:assert/strict";
import { test } from "node:test";
import { invitationOf } from "./invitation.ts";

test("the token stands in the fragment, which no server sees", () => {
  assert.equal(invitationOf("#invitation=abc_DEF-123"), "abc_DEF-123");
});

test("no fragment, another, an empty or an overlong one is no invitation", () => {
  for (const hash of ["", "#", "#content", "#invitation=", `#invitation=${"x".repeat(129)}`]) {
    assert.equal(invitationOf(hash), null);
  }
});
