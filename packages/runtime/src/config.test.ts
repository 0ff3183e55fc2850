import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { readConfig } from "./config.ts";
import { describeConfig } from "./config-description.ts";
import { RuntimeError } from "./errors.ts";
import * as fields from "./fields.ts";

const schema = z.object({
  PORT: fields.port().default(3000).describe("Public listener"),
  DATABASE_URL: fields.secretUrl(["postgres", "postgresql"]).optional(),
  SESSION_KEY: fields.secret({ min: 16 }),
  SECURE: fields.flag().default(true),
  LEVEL: fields.oneOf(["quiet", "loud"]).default("quiet"),
  TIMEOUT: fields.integer({ min: 1, max: 60_000, unit: "ms" }).default(500),
  ORIGINS: fields.list().default([]),
});

function messageFor(env: Record<string, string | undefined>): string {
  let message = "";
  assert.throws(
    () => readConfig(schema, env),
    (error: unknown) => {
      assert.ok(error instanceof RuntimeError && error.code === "invalid-configuration");
      message = error.message;
      return true;
    },
  );
  return message;
}

test("variables become typed values; an empty one is unset; others are ignored", () => {
  const config = readConfig(schema, {
    PORT: "",
    SESSION_KEY: "0123456789abcdef",
    SECURE: "0",
    ORIGINS: "https://a.example , https://b.example,",
    TIMEOUT: undefined,
    HOME: "/root",
  });
  assert.equal(config.PORT, 3000);
  assert.equal(config.SECURE, false);
  assert.equal(config.SESSION_KEY.reveal(), "0123456789abcdef");
  assert.deepEqual(config.ORIGINS, ["https://a.example", "https://b.example"]);
  assert.equal(config.DATABASE_URL, undefined);
  assert.ok(!("HOME" in config));
});

test("all that is wrong is told at once, with what is allowed and the default", () => {
  const message = messageFor({ PORT: "70000", LEVEL: "deafening", TIMEOUT: " 5" });
  assert.equal(
    message,
    [
      "4 variables are wrong:",
      "  PORT is 70000; it must be an integer from 0 to 65535 (default 3000)",
      "  SESSION_KEY is not set; it must be a secret of at least 16 characters",
      "  LEVEL is 9 characters of text; it must be one of quiet, loud (default quiet)",
      "  TIMEOUT is 2 characters of text, with blanks around it; it must be an integer from 1 to 60000 (ms) (default 500)",
    ].join("\n"),
  );
});

test("the text of a variable is never repeated, whichever variable it was pasted into", () => {
  const marker = fc.stringMatching(/^[a-zA-Z][ -~]{7,40}$/);
  fc.assert(
    fc.property(
      marker,
      fc.constantFrom("PORT", "DATABASE_URL", "SECURE", "LEVEL", "TIMEOUT"),
      (text, name) => {
        fc.pre(!["quiet", "loud", "true", "false"].includes(text) && !text.startsWith("postgres"));
        assert.ok(!messageFor({ [name]: text, SESSION_KEY: "short" }).includes(text));
      },
    ),
  );
});

test("any environment either gives a configuration or an error that names variables", () => {
  const names = [
    "PORT",
    "DATABASE_URL",
    "SESSION_KEY",
    "SECURE",
    "LEVEL",
    "TIMEOUT",
    "ORIGINS",
    "__proto__",
    "constructor",
  ];
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.string({ unit: "binary", maxLength: 60 })),
      (env) => {
        try {
          assert.ok(readConfig(schema, env).TIMEOUT >= 1);
        } catch (error) {
          assert.ok(error instanceof RuntimeError);
          assert.match(error.message, /^(A variable is wrong|\d variables are wrong):\n {2}[A-Z_]+ is /);
        }
      },
    ),
  );
});

test("a schema that checks variables against each other speaks for itself", () => {
  const range = z
    .object({ MIN: fields.integer({ min: 0, max: 9 }), MAX: fields.integer({ min: 0, max: 9 }) })
    .refine(({ MIN, MAX }) => MIN <= MAX, "MIN must not be above MAX");
  assert.throws(() => readConfig(range, { MIN: "5", MAX: "2" }), /MIN must not be above MAX/);
});

test("a schema can be described: names, defaults, what is allowed, and which are secret", () => {
  const described = describeConfig(schema.transform(({ PORT }) => ({ listen: PORT })));
  assert.deepEqual(described[0], {
    name: "PORT",
    allowed: "an integer from 0 to 65535",
    default: "3000",
    required: false,
    secret: false,
    description: "Public listener",
  });
  assert.deepEqual(
    described.filter((variable) => variable.secret).map((variable) => variable.name),
    ["DATABASE_URL", "SESSION_KEY"],
  );
  assert.deepEqual(
    described.filter((variable) => variable.required).map((variable) => variable.name),
    ["SESSION_KEY"],
  );
});

test("numbers are decimal integers within their limits and nothing else", () => {
  const number = z.object({ N: fields.integer({ min: -5, max: 5 }) });
  for (const text of [
    "6",
    "-6",
    "1e0",
    "0x1",
    "1.0",
    "+1",
    " 1",
    "1_0",
    "NaN",
    "Infinity",
    "٣",
    "9".repeat(400),
  ])
    assert.throws(() => readConfig(number, { N: text }), RuntimeError, text);
  assert.equal(readConfig(number, { N: "-5" }).N, -5);
});

test("a share is a decimal number from 0 to 1", () => {
  const share = z.object({ S: fields.share() });
  for (const text of ["1.1", "-0", "2", ".5", "1e-1", "0.", "NaN", "٠"])
    assert.throws(() => readConfig(share, { S: text }), RuntimeError, text);
  assert.deepEqual(
    ["0", "0.25", "1", "1.0"].map((S) => readConfig(share, { S }).S),
    [0, 0.25, 1, 1],
  );
});

test("a URL is held to its protocols and a flag to its four words", () => {
  const both = z.object({ U: fields.url(["https"]).optional(), F: fields.flag().optional() });
  assert.equal(readConfig(both, { U: "https://example.org/x" }).U?.hostname, "example.org");
  for (const text of ["http://example.org", "javascript:alert(1)", "example.org", "https://"])
    assert.throws(() => readConfig(both, { U: text }), RuntimeError, text);
  for (const text of ["yes", "TRUE", "toString", "__proto__"])
    assert.throws(() => readConfig(both, { F: text }), RuntimeError, text);
});
