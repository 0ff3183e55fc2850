import assert from "node:assert/strict";
import { test } from "node:test";
import { provedBy } from "./proved-by.ts";

test("the strongest proof of a session is the one that is told", () => {
  assert.equal(provedBy(["pwd"]), "password");
  assert.equal(provedBy(["pwd", "otp", "mfa"]), "password-and-code");
  assert.equal(provedBy(["pop", "user", "mfa"]), "passkey");
  assert.equal(provedBy(["pwd", "pop", "user", "mfa"]), "passkey");
  assert.equal(provedBy([]), "password");
});
