/** Versions, identity, validation, experiments and idempotency keys, in what an edge makes of them by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { z } from "zod";
import { facts, type GivenFacts } from "../../test/facts.ts";
import type { EdgeConfig } from "../config.ts";
import { createEdge } from "../edge.ts";
import { createMemoryIdempotencyStore } from "../idempotency/store.ts";
import { validated } from "../validation/validated.ts";

function edgeWith(config: Partial<EdgeConfig>) {
  const edge = createEdge({ preset: "api", rateLimit: false, ...config });
  const admit = async (given: GivenFacts = {}) => edge.admit(facts(given));
  return { edge, admit };
}

test("no spelling of a path hides its version, and what has none is left alone", async () => {
  const { admit } = edgeWith({
    versions: { versions: [{ version: "1" }, { version: "2" }], place: "path" },
    routes: [{ name: "health", path: "/health", versions: false }],
  });
  for (const target of ["/v1/users", "/%761/users", "//v1//users", "/x/../v1/users?v=2"])
    assert.equal((await admit({ target })).version, "1", target);
  assert.equal((await admit({ target: "/v3/users" })).code, "unsupported-version");
  const health = await admit({ target: "/health" });
  assert.deepEqual([health.verdict, health.version], ["pass", null]);
});

test("an identity comes at once or later; a port that fails refuses; a route can go without", async () => {
  const known = { kind: "known", identity: { user: "ann", tenant: "acme" } } as const;
  const routes = [{ name: "open", path: "/open", identity: "none" }] as const;
  for (const identify of [() => known, async () => known]) {
    const { admit } = edgeWith({ identity: { identify }, routes });
    assert.deepEqual((await admit()).identity, known.identity);
    assert.equal((await admit({ target: "/open" })).identity, null);
  }
  for (const identify of [() => assert.fail("down"), () => Promise.reject(new Error("down"))]) {
    const { admit } = edgeWith({ identity: { identify }, routes });
    assert.equal((await admit()).code, "internal-error");
    assert.equal((await admit({ target: "/open" })).verdict, "pass");
  }
});

const SCHEMAS = { params: z.object({ id: z.string() }), query: z.object({ q: z.string().optional() }) };

test("parameters are those of the path, decoded once", async () => {
  const { admit } = edgeWith({ routes: [{ name: "user", path: "/users/:id/posts/*", validate: SCHEMAS }] });
  const exchange = await admit({ target: "/users/a%2520b/posts/1?q=%41" });
  assert.deepEqual(validated(exchange, SCHEMAS), { params: { id: "a%20b" }, query: { q: "A" } });
  assert.throws(() => validated(exchange, { ...SCHEMAS }), TypeError);
  assert.throws(() => validated({ ...exchange } as unknown as typeof exchange, SCHEMAS), TypeError);
});

test("schemas may take their time, and what they throw refuses", async () => {
  const slow = { query: z.object({ q: z.string().refine(async (q) => q === "yes") }) };
  const broken = {
    query: z
      .string()
      .transform(() => assert.fail("broken"))
      .or(z.never()),
  };
  const { admit } = edgeWith({
    routes: [
      { name: "slow", path: "/slow", validate: slow },
      { name: "broken", path: "/broken", validate: broken },
    ],
  });
  assert.equal((await admit({ target: "/slow?q=yes" })).verdict, "pass");
  assert.equal((await admit({ target: "/slow?q=no" })).code, "validation-failed");
  assert.notEqual((await admit({ target: "/broken" })).verdict, "pass");
});

test("whatever the body and its type, it is judged and never thrown", async () => {
  const validate = { body: z.object({ a: z.number() }) };
  const { edge, admit } = edgeWith({ csrf: false, routes: [{ name: "in", path: "/in", validate }] });
  const types = fc.constantFrom(
    "application/json",
    "application/problem+json; charset=utf-8",
    "APPLICATION/JSON",
    "application/x-www-form-urlencoded",
    "text/plain",
    "image/png",
    "",
    "a/b".repeat(200),
  );
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.json().map(utf8));
  const codes = new Set<string | null>();
  await fc.assert(
    fc.asyncProperty(types, bytes, async (type, body) => {
      const exchange = await admit({ method: "POST", target: "/in", headers: { "content-type": type } });
      assert.ok(exchange.needsBody);
      await edge.admitBody(exchange, body);
      codes.add(exchange.code);
      assert.notEqual(exchange.code, "internal-error");
    }),
    { numRuns: 300, examples: [["application/json", utf8('{"a":1}')]] },
  );
  const possible = [null, "malformed-body", "unsupported-media-type", "validation-failed"];
  assert.deepEqual([...codes].sort(), possible.sort());
});

test("routes whose answer is the same in every variant set no cookie", async () => {
  const { edge, admit } = edgeWith({
    experiments: { experiments: [{ name: "a", variants: { x: 1, y: 1 } }] },
    routes: [{ name: "logo", path: "/logo.svg", experiments: false }],
  });
  const page = await admit();
  assert.ok(["x", "y"].includes(page.variants.a ?? ""));
  assert.ok(edge.headers(page).includes("Set-Cookie"));
  const logo = await admit({ target: "/logo.svg" });
  assert.deepEqual({ ...logo.variants }, {});
  assert.ok(!edge.headers(logo).includes("Set-Cookie"));
});

test("keys: required, optional or off by route, for the methods that need them, and each caller's own", async () => {
  const store = createMemoryIdempotencyStore({ clock: manualClock() });
  const { edge, admit } = edgeWith({
    csrf: false,
    idempotency: { store, caller: (asked) => asked.header("x-api-key") ?? null },
    routes: [
      { name: "must", path: "/must", idempotency: "required" },
      { name: "off", path: "/off", idempotency: "off" },
    ],
  });
  const headers = { "idempotency-key": "k" };
  assert.equal((await admit({ method: "POST", target: "/must" })).code, "idempotency-key-missing");
  for (const method of ["GET", "PUT", "DELETE"])
    assert.equal((await admit({ method, target: "/must", headers })).needsBody, false);
  assert.equal((await admit({ method: "POST", target: "/off", headers })).needsBody, false);
  assert.equal((await admit({ method: "POST" })).needsBody, false);
  const begin = async (more: Record<string, string>, peer?: string) => {
    const exchange = await admit({
      method: "PATCH",
      headers: { ...headers, ...more },
      ...(peer && { peer }),
    });
    await edge.admitBody(exchange, new Uint8Array());
    return exchange.code;
  };
  assert.equal(await begin({ "x-api-key": "a" }), null);
  assert.equal(await begin({ "x-api-key": "a" }), "idempotency-key-in-use");
  assert.equal(await begin({ "x-api-key": "b" }), null);
  assert.equal(await begin({}), null);
  assert.equal(await begin({}), "idempotency-key-in-use");
  assert.equal(await begin({}, "203.0.113.200"), null);
});

test("nothing that is not configured is asked for, and nothing of it is answered", async () => {
  const { edge, admit } = edgeWith({});
  const headers = { "idempotency-key": "k", "api-version": "9", authorization: "Bearer x", cookie: "a=b" };
  const exchange = await admit({ method: "POST", headers });
  assert.equal(exchange.verdict, "pass");
  assert.equal(exchange.needsBody, false);
  const names = edge.headers(exchange).filter((_, i) => i % 2 === 0);
  for (const name of ["Vary", "Set-Cookie", "Deprecation", "Cache-Control"])
    assert.ok(!names.includes(name), name);
  assert.equal(edge.owns("deprecation"), false);
});
