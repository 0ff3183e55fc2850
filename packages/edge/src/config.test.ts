import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import type { EdgeConfig } from "./config.ts";
import { createEdge } from "./edge.ts";
import { EdgeError } from "./errors.ts";
import { createMemoryIdempotencyStore } from "./idempotency/store.ts";
import { hmacOf } from "./policies/csrf-token.ts";
import { memoryStore } from "./stores/memory.ts";

const caller = () => null;
const store = createMemoryIdempotencyStore({ clock: manualClock() });
const policy = { name: "p", limit: 1, windowSeconds: 1 };

/** Each contradiction, and the field it is blamed on. */
const CONTRADICTIONS: readonly [string, Partial<EdgeConfig>][] = [
  ["preset", { preset: "loose" as "strict" }],
  ["proxies.hops", { proxies: { hops: Number.POSITIVE_INFINITY } }],
  ["proxies.hops", { proxies: { hops: -1 } }],
  ["requestId.acceptInbound", { requestId: { acceptInbound: true } }],
  ["hosts", { hosts: [] }],
  ["httpsOnly", { httpsOnly: true }],
  ["limits.bodyBytes", { limits: { bodyBytes: 0 } }],
  ["limits.targetBytes", { limits: { targetBytes: 1.5 } }],
  ["limits.headersTimeoutMs", { limits: { headersTimeoutMs: 2000, requestTimeoutMs: 1000 } }],
  ["headers.csp", { headers: { csp: { "script-src": ["'unsafe-inline'"] } } }],
  ["headers.csp", { headers: { csp: { "script-src": ["*"] } } }],
  ["headers.csp", { headers: { csp: { "script-src": ["a;b"] } } }],
  ["headers.hsts.maxAgeSeconds", { headers: { hsts: { maxAgeSeconds: -1 } } }],
  ["headers.hsts.preload", { headers: { hsts: { maxAgeSeconds: 60, preload: true } } }],
  ["headers.permissions", { headers: { permissions: { camera: "()\r\nX: y" } } }],
  ["cors.credentials", { cors: { origins: ["*"], credentials: true } }],
  ["cors.origins", { cors: { origins: ["example.com"] } }],
  ["cors.origins", { cors: { origins: ["null"] } }],
  ["cors", { cors: { origins: [], allowedHeaders: ["X\r\nY"] } }],
  ["cors.maxAgeSeconds", { cors: { origins: [], maxAgeSeconds: -1 } }],
  ["csrf.secret", { csrf: { secret: new Uint8Array(31) } }],
  ["csrf.mac", { csrf: { secret: new Uint8Array(32), mac: hmacOf(new Uint8Array(32)) } }],
  ["csrf.tokenCookie", { csrf: { tokenCookie: "csrf" } }],
  ["csrf.tokenHeader", { csrf: { tokenHeader: "a b" } }],
  ["rateLimit.policies", { rateLimit: { policies: [] } }],
  ["rateLimit.policies", { rateLimit: { policies: [{ ...policy, name: 'a"' }] } }],
  ["rateLimit.policies.p", { rateLimit: { policies: [policy, policy] } }],
  ["rateLimit.policies.p.limit", { rateLimit: { policies: [{ ...policy, limit: 0 }] } }],
  ["rateLimit.policies.p.windowSeconds", { rateLimit: { policies: [{ ...policy, windowSeconds: 0 }] } }],
  ["rateLimit.default", { rateLimit: { policies: [policy], default: "q" } }],
  [
    "rateLimit.default",
    { rateLimit: { policies: [{ ...policy, tiers: { pro: 2 } }], default: "p-pro", caller } },
  ],
  ["rateLimit.policies.p.burst", { rateLimit: { policies: [{ ...policy, burst: 1 }] } }],
  [
    "rateLimit.policies.p.burst",
    { rateLimit: { policies: [{ ...policy, algorithm: "token-bucket", burst: 2 }] } },
  ],
  [
    "rateLimit.policies.p.limit",
    { rateLimit: { policies: [{ ...policy, limit: 1e12, windowSeconds: 1e5 }] } },
  ],
  ["rateLimit.policies.p.by", { rateLimit: { policies: [{ ...policy, by: ["user"] }] } }],
  ["rateLimit.policies.p.by", { rateLimit: { policies: [{ ...policy, by: [] }] } }],
  ["rateLimit.policies.p.tiers", { rateLimit: { policies: [{ ...policy, tiers: { pro: 2 } }] } }],
  ["rateLimit.policies.p-pro.limit", { rateLimit: { policies: [{ ...policy, tiers: { pro: 0 } }], caller } }],
  ["rateLimit.budgetMs", { rateLimit: { policies: [policy], budgetMs: 0 } }],
  [
    "rateLimit.limiter",
    {
      rateLimit: {
        policies: [policy],
        store: memoryStore(),
        limiter: memoryStore().open([policy], manualClock()),
      },
    },
  ],
  ["rateLimit.default", { rateLimit: { policies: [policy], default: [] } }],
  ["rateLimit.default", { rateLimit: { policies: [policy], default: ["p", "p"] } }],
  ["routes[0].rateLimit", { routes: [{ name: "a", path: "/", rateLimit: ["default", "q"] }] }],
  ["versions", { versions: { versions: [], place: "path" } }],
  ["experiments", { experiments: { experiments: [{ name: "a", variants: {} }] } }],
  ["idempotency.caller", { idempotency: { store } }],
  ["idempotency.holdSeconds", { idempotency: { store, caller: () => null, holdSeconds: 0 } }],
  ["idempotency.budgetMs", { idempotency: { store, caller: () => null, budgetMs: Number.NaN } }],
  ["routes[0].idempotency", { routes: [{ name: "a", path: "/", idempotency: "required" }] }],
  ["routes[0].identity", { routes: [{ name: "a", path: "/", identity: "required" }] }],
  ["routes[0].validate", { routes: [{ name: "a", path: "/", validate: { body: {} as never } }] }],
  ["concurrency.floor", { concurrency: { floor: 0 } }],
  ["concurrency.ceiling", { concurrency: { floor: 9, ceiling: 8 } }],
  ["concurrency.tolerance", { concurrency: { tolerance: 0.5 } }],
  ["concurrency.windowMs", { concurrency: { windowMs: 0 } }],
  ["rateLimit.maxKeys", { rateLimit: { policies: [policy], maxKeys: 0 } }],
  ["routes[0].name", { routes: [{ name: "A b", path: "/" }] }],
  ["routes[0].path", { routes: [{ name: "a", path: "a*" }] }],
  ["routes[0].rateLimit", { routes: [{ name: "a", path: "/", rateLimit: "q" }] }],
  ["routes[0].bodyBytes", { routes: [{ name: "a", path: "/", bodyBytes: -1 }] }],
  ["routes[0].csp", { routes: [{ name: "a", path: "/", csp: { "img-src": ["*"] } }] }],
  ["routes[0].csp", { routes: [{ name: "a", path: "/", csp: { "img-src": ["a b"] } }] }],
];

for (const [field, config] of CONTRADICTIONS) {
  test(`refuses at start, naming ${field}: ${JSON.stringify(config)}`, () => {
    assert.throws(
      () => createEdge({ preset: "strict", ...config }),
      (error: unknown) =>
        error instanceof EdgeError &&
        error.code === "invalid-configuration" &&
        error.details.field === field &&
        error.message.startsWith(`${field}: `),
    );
  });
}

test("each preset stands by itself, and only development may be unsafe", () => {
  for (const preset of ["strict", "api", "development"] as const) createEdge({ preset });
  createEdge({ preset: "development", headers: { csp: { "script-src": ["'unsafe-eval'"] } } });
});
