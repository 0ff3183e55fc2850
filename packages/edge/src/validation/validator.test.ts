import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { z } from "zod";
import { parseCookies, parseJson, parseQuery } from "./parts.ts";
import { toPointer } from "./pointer.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { cleanText } from "./text.ts";
import { createValidator, type ValidationError } from "./validator.ts";

const validate = createValidator({
  params: z.object({ id: z.uuid() }),
  query: z.object({ limit: z.coerce.number().int().max(100).default(20) }),
  body: z.object({
    title: z.string().transform((text) => cleanText(text)),
    tags: z.array(z.string()).default([]),
  }),
});
const ID = "0190a5c4-6f2b-7c3d-8e4f-0123456789ab";

test("what fits is handed on as the schemas made it", () => {
  const result = validate({
    params: { id: ID },
    query: parseQuery("limit=5"),
    body: { title: " a\u202E ", extra: 1 },
    headers: { x: "1" },
  });
  assert.deepEqual(result, {
    valid: true,
    value: { params: { id: ID }, query: { limit: 5 }, body: { title: "a", tags: [] } },
  });
});

test("what does not fit is a problem that points at it", () => {
  const result = validate({
    params: { id: "1" },
    query: { limit: "200" },
    body: { title: "a", tags: ["x", 2] },
  });
  assert.ok(!(result instanceof Promise) && !result.valid);
  const { title, status, code, members } = result.problem;
  assert.deepEqual(
    { title, status, code },
    { title: "Validation failed", status: 422, code: "validation-failed" },
  );
  const errors = members?.errors as ValidationError[];
  assert.deepEqual(
    errors.map(({ pointer }) => pointer),
    ["#/params/id", "#/query/limit", "#/body/tags/1"],
  );
  assert.ok(errors.every(({ detail }) => detail.length > 0));
});

test("a part that is missing is refused, not skipped", () => {
  const result = validate({});
  assert.ok(!(result instanceof Promise) && !result.valid);
});

test("any Standard Schema serves, also one that takes its time or gives no reason", async () => {
  const later: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "own",
      validate: async (value) => (value === 1 ? { value: 2 } : { issues: [] }),
    },
  };
  const check = createValidator({ body: later });
  assert.deepEqual(await check({ body: 1 }), { valid: true, value: { body: 2 } });
  const refused = await check({ body: 0 });
  assert.ok(!refused.valid);
  assert.deepEqual(refused.problem.members?.errors, [{ pointer: "#/body", detail: "Invalid" }]);
  assert.throws(() => createValidator({ body: {} as StandardSchema }), TypeError);
});

test("a thousand mistakes are answered with twenty", () => {
  const result = createValidator({ body: z.array(z.string()) })({ body: new Array(1000).fill(1) });
  assert.ok(!(result instanceof Promise) && !result.valid);
  const errors = result.problem.members?.errors as unknown[];
  assert.equal(errors.length, 20);
});

test("pointers escape what the request put into them", () => {
  assert.equal(toPointer(["body", "a/b", "m~n", 'é"\r\n']), "#/body/a~1b/m~0n/%C3%A9%22%0D%0A");
  fc.assert(
    fc.property(fc.array(fc.string({ unit: codePoint, maxLength: 50 }), { maxLength: 10 }), (steps) => {
      assert.match(toPointer(steps), /^#(?:\/[A-Za-z0-9._~!'()*%-]*)*$/);
    }),
  );
});

test("queries and cookies become plain values without a prototype", () => {
  const query = parseQuery("a=1&a=2&__proto__=x&b=%zz&c") as Record<string, unknown>;
  assert.deepEqual(Object.entries(query), [
    ["a", ["1", "2"]],
    ["__proto__", "x"],
    ["b", "%zz"],
    ["c", ""],
  ]);
  assert.equal(Object.getPrototypeOf(query), null);
  assert.equal(parseQuery("&".repeat(200)), null);
  assert.deepEqual(Object.entries(parseCookies("a=1; b=x=y; junk; a=2") ?? {}), [
    ["a", ["1", "2"]],
    ["b", "x=y"],
  ]);
  assert.equal(parseCookies(";".repeat(200)), null);
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parsed of [parseQuery(text), parseCookies(text)]) {
        assert.ok(parsed === null || Object.getPrototypeOf(parsed) === null);
      }
    }),
  );
});

test("a JSON body is refused when it is none, too deep, or reaches for a prototype", () => {
  const parse = (text: string) => parseJson(utf8(text));
  assert.deepEqual(parse('{"a":[1,{"b":"]]]"}]}'), { ok: true, value: { a: [1, { b: "]]]" }] } });
  for (const text of ["", "{", "undefined", '{"a":NaN}', "\uFEFF{}", "[".repeat(64)])
    assert.equal(parse(text).ok, false, text);
  for (const text of [
    '{"__proto__":{"admin":true}}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"constructor":{"prototype":{"x":1}}}',
    "[".repeat(65) + "]".repeat(65),
    `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
  ]) {
    assert.equal(parse(text).ok, false, text.slice(0, 60));
  }
  assert.equal(parse("[".repeat(64) + "]".repeat(64)).ok, true);
  assert.equal(parse(JSON.stringify("[".repeat(1000))).ok, true);
  assert.equal(parse('"\\"[[["').ok, true);
  assert.equal(parse('{"constructor":"Renault"}').ok, true);
  assert.equal(parseJson(new Uint8Array([0xff])).ok, false);
});

test("every JSON value without forbidden keys is read as the platform reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const parsed = parseJson(utf8(text));
      if (parsed.ok) assert.deepEqual(parsed.value, JSON.parse(text));
      else assert.match(text, /__proto__|constructor/);
    }),
  );
});
