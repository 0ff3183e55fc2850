import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../i18n/en.ts";
import { signInErrors, signUpErrors } from "./rules.ts";

const good = { name: "Ada", email: "ada@example.org", password: "correct horse" };

test("a complete form has nothing to be said about", () => {
  assert.deepEqual(signUpErrors(en, good), {});
  assert.deepEqual(signInErrors(en, good), {});
});

test("each field is checked for itself", () => {
  assert.deepEqual(signUpErrors(en, { name: " ", email: "ada", password: "short" }), {
    name: en.door.nameMissing,
    email: en.door.emailInvalid,
    password: en.door.passwordTooShort,
  });
  assert.deepEqual(signUpErrors(en, { ...good, name: "x".repeat(81) }), { name: en.door.nameTooLong(80) });
});

test("signing in asks for a password, not for a long one: the account may be older than the rule", () => {
  assert.deepEqual(signInErrors(en, { ...good, password: "short" }), {});
  assert.deepEqual(signInErrors(en, { ...good, password: "" }), { password: en.door.passwordMissing });
});
