import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, unsafeSeededRandom } from "@rempart/kernel";
import { facts, type GivenFacts } from "../test/facts.ts";
import type { EdgeConfig } from "./config.ts";
import { createEdge, type Edge } from "./edge.ts";
import type { Exchange } from "./exchange.ts";
import { NONCE } from "./headers/csp.ts";
import { type CsrfMac, hmacOf } from "./policies/csrf-token.ts";
import type { Outcome, RateLimiter } from "./ports.ts";
import { EDGE_PROBLEMS } from "./problem.ts";

function edgeWith(config: Partial<EdgeConfig> = {}): Edge {
  return createEdge({ preset: "strict", clock: manualClock(), ...config });
}

async function admit(edge: Edge, given: GivenFacts = {}): Promise<Exchange> {
  return edge.admit(facts(given));
}

/** `pass`, or what the edge answers. */
async function verdict(config: Partial<EdgeConfig>, given: GivenFacts): Promise<string> {
  const exchange = await admit(edgeWith(config), given);
  return exchange.code ?? exchange.verdict;
}

function headersOf(flat: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < flat.length; i += 2) headers.append(flat[i] as string, flat[i + 1] as string);
  return headers;
}

const OWN = "http://app.example.com";
const FRIEND = "https://friend.example.org";
const CORS = { origins: [FRIEND], credentials: true };

test("an ordinary request passes, synchronously", () => {
  const exchange = edgeWith().admit(facts());
  assert.ok(!(exchange instanceof Promise));
  assert.equal(exchange.verdict, "pass");
  assert.equal(exchange.client.text, "198.51.100.7");
});

test("the strict preset's headers, all of them, and nothing unsafe in its policy", async () => {
  const edge = edgeWith();
  const headers = headersOf(edge.headers(await admit(edge)));
  const csp = headers.get("content-security-policy") ?? "";
  assert.match(
    csp,
    /default-src 'none'; script-src 'nonce-[A-Za-z0-9+/]{24}' 'strict-dynamic'; style-src 'self';/,
  );
  assert.match(csp, /connect-src 'self'; /);
  assert.match(csp, /worker-src 'self'; /);
  assert.doesNotMatch(csp, /unsafe|\*/);
  const expected = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-xss-protection": "0",
    "ratelimit-policy": '"default";q=100;w=60',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name);
  assert.match(headers.get("permissions-policy") ?? "", /camera=\(\)/);
});

test("a nonce is made where the policy asks for one, afresh per request, and only there", async () => {
  const edge = edgeWith({
    headers: { csp: { "script-src": [NONCE, "'strict-dynamic'"] } },
    routes: [{ name: "static", path: "/assets/*", csp: { "default-src": ["'none'"] } }],
  });
  const csp = async (target: string) => {
    const exchange = await admit(edge, { target });
    const value = headersOf(edge.headers(exchange)).get("content-security-policy") ?? "";
    return { value, nonce: exchange.nonce };
  };
  const [first, second] = [await csp("/"), await csp("/")];
  assert.equal(first.value, `script-src 'nonce-${first.nonce}' 'strict-dynamic'`);
  assert.notEqual(first.nonce, second.nonce);
  assert.equal((await csp("/assets/app.js")).value, "default-src 'none'");
});

test("request ids: ours unless a trusted proxy sent one of safe shape", async () => {
  const inbound = "proxy-id-1234";
  const idFor = async (config: Partial<EdgeConfig>, id: string) =>
    (await admit(edgeWith(config), { headers: { "x-request-id": id } })).requestId;
  const trusting = { proxies: { hops: 1 }, requestId: { acceptInbound: true } };
  assert.equal(await idFor(trusting, inbound), inbound);
  assert.notEqual(await idFor({}, inbound), inbound);
  assert.notEqual(await idFor({ proxies: { hops: 1 } }, inbound), inbound);
  for (const hostile of ["short", "a".repeat(65), "abc\r\ndefgh", 'abcdefgh"', "abc defgh", "émigré-id"]) {
    assert.match(await idFor(trusting, hostile), /^[0-9a-f-]{36}$/, hostile);
  }
});

test("hosts: one, and one of ours", async () => {
  const hosts = ["app.example.com", "localhost:3000"];
  const hostVerdict = (host: string) => verdict({ hosts }, { headers: { host } });
  assert.equal(await hostVerdict("app.example.com"), "pass");
  assert.equal(await hostVerdict("APP.example.com"), "pass");
  assert.equal(await hostVerdict("localhost:3000"), "pass");
  for (const host of ["evil.test", "app.example.com:81", "localhost", ""]) {
    assert.equal(await hostVerdict(host), "misdirected-request", host);
  }
  assert.equal(await verdict({}, { repeated: ["host"] }), "missing-host");
});

test("plain http is redirected to the same host, never to another", async () => {
  const edge = edgeWith({ hosts: ["app.example.com"], httpsOnly: true });
  const exchange = await admit(edge, { target: "/a?b=c" });
  const answer = edge.answer(exchange);
  assert.equal(answer.status, 308);
  assert.equal(headersOf(answer.headers).get("location"), "https://app.example.com/a?b=c");
  assert.equal((await admit(edge, { encrypted: true })).verdict, "pass");
  assert.equal((await admit(edge, { headers: { host: "evil.test" } })).code, "misdirected-request");
});

test("sizes: target, header lines, declared body", async () => {
  const limits = { targetBytes: 100, headerCount: 5, bodyBytes: 10 };
  const sized = (given: GivenFacts) => verdict({ limits, csrf: false }, { method: "POST", ...given });
  assert.equal(await sized({ target: `/${"a".repeat(99)}` }), "pass");
  assert.equal(await sized({ target: `/${"a".repeat(100)}` }), "target-too-long");
  assert.equal(await sized({ headerCount: 6 }), "headers-too-large");
  const length = (text: string) => sized({ headers: { "content-length": text } });
  assert.equal(await length("10"), "pass");
  assert.equal(await length("11"), "body-too-large");
  for (const bad of ["-1", "1e1", "0x1", "", "1, 1", "9".repeat(16), " 1"]) {
    assert.equal(await length(bad), "bad-request", JSON.stringify(bad));
  }
});

test("a route has its own body limit, and the first rule that matches holds", async () => {
  const routes = [
    { name: "big", path: "/uploads/:id", methods: ["POST"], bodyBytes: 1000 },
    { name: "small", path: "/uploads/*", bodyBytes: 1 },
  ];
  const given = (method: string) => ({ method, target: "/uploads/7", headers: { "content-length": "500" } });
  assert.equal(await verdict({ routes, csrf: false }, given("POST")), "pass");
  assert.equal(await verdict({ routes, csrf: false }, given("PUT")), "body-too-large");
});

test("methods nobody offers, denied paths however they are spelt, targets that are none", async () => {
  const routes = [{ name: "metrics", path: "/metrics", deny: true }];
  for (const method of ["TRACE", "CONNECT", "get", "BREW"]) {
    assert.equal(await verdict({}, { method }), "method-not-allowed");
  }
  for (const target of ["/metrics", "/metrics/", "/%6Detrics", "//metrics", "/x/../metrics", "/metrics?x"]) {
    assert.equal(await verdict({ routes }, { target }), "forbidden", target);
  }
  assert.equal(await verdict({ routes }, { target: "/metricsx" }), "pass");
  for (const target of ["", "metrics", "http://app.example.com/", "/%zz", "/a\\b"]) {
    assert.equal(await verdict({}, { target }), "malformed-target", target);
  }
});

test("CORS: same origin and no origin pass, others need to be listed", async () => {
  const from = (origin: string, extra = {}) => verdict({ cors: CORS }, { headers: { origin, ...extra } });
  assert.equal(await verdict({ cors: CORS }, {}), "pass");
  assert.equal(await from(OWN), "pass");
  assert.equal(await from(FRIEND), "pass");
  for (const origin of [
    "https://evil.test",
    "null",
    "https://app.example.com",
    `${OWN}:81`,
    `${FRIEND}, ${OWN}`,
  ]) {
    assert.equal(await from(origin), "origin-not-allowed", origin);
  }
  assert.equal(await from("null", { "sec-fetch-site": "same-origin" }), "pass");
  assert.equal(await from("null", { "sec-fetch-site": "cross-site" }), "origin-not-allowed");
});

test("CORS: an allowed caller may read, credentials only as an exact match, and Vary says so to caches", async () => {
  const edge = edgeWith({ cors: CORS });
  const allowed = headersOf(edge.headers(await admit(edge, { headers: { origin: FRIEND } })));
  assert.equal(allowed.get("access-control-allow-origin"), FRIEND);
  assert.equal(allowed.get("access-control-allow-credentials"), "true");
  assert.equal(allowed.get("vary"), "Origin");
  const own = headersOf(edge.headers(await admit(edge)));
  assert.equal(own.get("access-control-allow-origin"), null);
  assert.equal(own.get("vary"), "Origin");
  const anyone = edgeWith({ cors: { origins: ["*"] } });
  const open = headersOf(anyone.headers(await admit(anyone, { headers: { origin: "https://evil.test" } })));
  assert.equal(open.get("access-control-allow-origin"), "*");
  assert.equal(open.get("access-control-allow-credentials"), null);
});

test("CORS: a preflight is answered, and refused from elsewhere", async () => {
  const edge = edgeWith({ cors: CORS });
  const ask = (origin: string) => ({
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "DELETE" },
  });
  const answer = edge.answer(await admit(edge, ask(FRIEND)));
  const headers = headersOf(answer.headers);
  assert.equal(answer.status, 204);
  assert.match(headers.get("access-control-allow-methods") ?? "", /DELETE/);
  assert.equal(headers.get("access-control-allow-origin"), FRIEND);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal((await admit(edge, ask("https://evil.test"))).code, "origin-not-allowed");
});

test("CSRF: what the browser says decides", async () => {
  const post = (headers: Record<string, string>) =>
    verdict({ cors: CORS }, { method: "POST", headers: { cookie: "session=1", ...headers } });
  assert.equal(await post({ "sec-fetch-site": "same-origin" }), "pass");
  assert.equal(await post({ "sec-fetch-site": "none" }), "pass");
  assert.equal(await post({ "sec-fetch-site": "cross-site" }), "csrf");
  assert.equal(await post({ "sec-fetch-site": "same-site" }), "csrf");
  assert.equal(await post({ "sec-fetch-site": "same-origin, cross-site" }), "csrf");
  assert.equal(await post({ "sec-fetch-site": "cross-site", origin: FRIEND }), "pass");
  assert.equal(await post({ "sec-fetch-site": "cross-site", origin: OWN }), "csrf");
  assert.equal(await post({ "sec-fetch-site": "cross-site", authorization: "Bearer abc" }), "csrf");
  assert.equal(await post({ origin: OWN }), "pass");
  assert.equal(await post({ origin: "https://evil.test" }), "origin-not-allowed");
  assert.equal(await post({}), "csrf");
  assert.equal(await post({ authorization: "Bearer abc" }), "pass");
  assert.equal(await post({ "x-api-key": "k" }), "pass");
  assert.equal(await post({ authorization: "Basic abc" }), "csrf");
  for (const method of ["GET", "HEAD", "OPTIONS"]) assert.equal(await verdict({}, { method }), "pass");
  const routes = [{ name: "hook", path: "/hook", csrf: false as const }];
  assert.equal(await verdict({ routes }, { method: "POST", target: "/hook" }), "pass");
});

test("CSRF: a token is good for its session, its time and its double only", async () => {
  const clock = manualClock(1_000_000);
  const random = unsafeSeededRandom(1);
  const edge = edgeWith({ clock, random, csrf: { sessionCookie: "session", tokenLifetimeSeconds: 60 } });
  const issued = await edge.csrf?.issue("session=alice");
  assert.ok(issued);
  assert.match(
    issued.setCookie,
    /^__Host-csrf=[^;]+; Path=\/; Max-Age=60; Secure; HttpOnly; SameSite=Strict$/,
  );
  const post = async (session: string, sent: string, kept = sent) => {
    const headers = { cookie: `session=${session}; __Host-csrf=${kept}`, "x-csrf-token": sent };
    const exchange = await admit(edge, { method: "POST", headers });
    return exchange.code ?? exchange.verdict;
  };
  const { token } = issued;
  assert.equal(await post("alice", token), "pass");
  assert.equal(await post("mallory", token), "csrf");
  assert.equal(await post("alice", token, `${token}x`), "csrf");
  for (let i = 0; i < token.length; i += 1) {
    const changed = token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
    assert.equal(await post("alice", changed), "csrf", `changed at ${i}`);
  }
  for (const forged of ["", "..", "a.b.c", `${token}.`, token.slice(0, -1), "A".repeat(500)]) {
    assert.equal(await post("alice", forged), "csrf", forged);
  }
  clock.advance(60_000);
  assert.equal(await post("alice", token), "csrf", "expired");
});

test("CSRF: a refusal says which of the reasons it was, to observers and not to the client", async () => {
  const edge = edgeWith({ csrf: {} });
  const token = (await edge.csrf?.issue(undefined))?.token ?? "";
  const cookie = `__Host-csrf=${token}`;
  const reasonOf = async (headers: Record<string, string>) => {
    const exchange = await admit(edge, { method: "POST", headers });
    if (exchange.verdict !== "pass")
      assert.doesNotMatch(edge.answer(exchange).body, /reason|cross-site|token-/);
    return exchange.reason;
  };
  assert.equal(await reasonOf({ "sec-fetch-site": "cross-site" }), "cross-site");
  assert.equal(await reasonOf({ "sec-fetch-site": "of my own making" }), "cross-site");
  assert.equal(await reasonOf({ "sec-fetch-site": "same-site" }), "same-site");
  assert.equal(await reasonOf({}), "token-missing");
  assert.equal(await reasonOf({ cookie, "x-csrf-token": "another" }), "token-mismatch");
  assert.equal(await reasonOf({ cookie: "__Host-csrf=x", "x-csrf-token": "x" }), "token-invalid");
  assert.equal(await reasonOf({ cookie, "x-csrf-token": token }), null);
});

test("CSRF: a token of another secret is worth nothing", async () => {
  const secrets = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const [ours, theirs] = secrets.map((secret) => edgeWith({ csrf: { secret } })) as [Edge, Edge];
  const { token } = (await theirs.csrf?.issue(undefined)) ?? { token: "" };
  const headers = { cookie: `__Host-csrf=${token}`, "x-csrf-token": token };
  assert.equal((await admit(theirs, { method: "POST", headers })).verdict, "pass");
  assert.equal((await admit(ours, { method: "POST", headers })).code, "csrf");
});

test("CSRF: with keys that rotate, a token is good for as long as its key", async () => {
  const macs = [1, 2].map((byte) => hmacOf(new Uint8Array(32).fill(byte)));
  let good = macs;
  const mac: CsrfMac = {
    tag: async (data) => (good[0] as CsrfMac).tag(data),
    verify: async (data, tag) => (await Promise.all(good.map((one) => one.verify(data, tag)))).includes(true),
  };
  const edge = edgeWith({ csrf: { mac } });
  const post = async (token: string) => {
    const headers = { cookie: `__Host-csrf=${token}`, "x-csrf-token": token };
    return (await admit(edge, { method: "POST", headers })).code ?? "pass";
  };
  const issue = async () => (await edge.csrf?.issue(undefined))?.token ?? "";
  const before = await issue();
  good = macs.toReversed();
  assert.deepEqual([await post(before), await post(await issue())], ["pass", "pass"]);
  good = macs.slice(1);
  assert.deepEqual([await post(before), await post(await issue())], ["csrf", "pass"]);
});

test("rate limits: by address, by route's policy, with every field on the refusal", async () => {
  const edge = edgeWith({
    rateLimit: {
      policies: [
        { name: "general", limit: 3, windowSeconds: 60 },
        { name: "auth", limit: 1, windowSeconds: 60 },
      ],
    },
    routes: [
      { name: "auth", path: "/auth/*", rateLimit: "auth" },
      { name: "health", path: "/health", rateLimit: false },
    ],
  });
  const ask = async (target: string, peer = "2001:db8::1") =>
    (await admit(edge, { target, peer })).code ?? "pass";
  assert.equal(await ask("/auth/sign-in"), "pass");
  assert.equal(await ask("/auth/sign-in"), "rate-limited");
  assert.equal(await ask("/auth/sign-in", "2001:db8::2"), "rate-limited", "another address of the same /64");
  assert.equal(await ask("/auth/sign-in", "2001:db8:0:1::1"), "pass");
  for (let i = 0; i < 3; i += 1) assert.equal(await ask("/"), "pass");
  const refused = await admit(edge, { peer: "2001:db8::1" });
  const answer = edge.answer(refused);
  const headers = headersOf(answer.headers);
  assert.equal(answer.status, 429);
  assert.equal(headers.get("x-ratelimit-limit"), "3");
  assert.equal(headers.get("x-ratelimit-remaining"), "0");
  assert.match(headers.get("ratelimit") ?? "", /^"general";r=0;t=\d+$/);
  assert.equal(headers.get("retry-after"), headers.get("x-ratelimit-reset"));
  assert.equal(
    JSON.parse(answer.body).type,
    "https://iana.org/assignments/http-problem-types#quota-exceeded",
  );
  assert.equal(headersOf(edge.headers(await admit(edge, { target: "/health" }))).get("ratelimit"), null);
});

test("rate limits: the application's own decision is listed beside the address's", async () => {
  const policies = [
    { name: "address", limit: 100, windowSeconds: 60 },
    { name: "user", limit: 5, windowSeconds: 60 },
  ];
  const edge = edgeWith({ rateLimit: { policies } });
  const exchange = await admit(edge);
  const decision = await edge.limit(exchange, "user-1", "user");
  assert.ok(decision.allowed);
  const headers = headersOf(edge.headers(exchange));
  assert.match(headers.get("ratelimit") ?? "", /^"address";r=99;t=\d+, "user";r=4;t=\d+$/);
  assert.equal(headers.get("x-ratelimit-limit"), "5");
});

test("rate limits: a remote limiter that is slow or broken never costs more than the budget", async () => {
  const frozen: RateLimiter = { check: () => new Promise(() => {}) };
  const broken: RateLimiter = { check: () => Promise.reject(new Error("connection refused")) };
  const thrower: RateLimiter = {
    check: () => {
      throw new Error("not connected");
    },
  };
  const policies = [{ name: "default", limit: 1, windowSeconds: 1 }];
  for (const limiter of [frozen, broken, thrower]) {
    const rateLimit = { policies, limiter, budgetMs: 5 };
    assert.equal(await verdict({ rateLimit }, {}), "unavailable");
    assert.equal(await verdict({ rateLimit: { ...rateLimit, onFailure: "allow" } }, {}), "pass");
  }
  const edge = edgeWith({ rateLimit: { policies, limiter: frozen, budgetMs: 5, onFailure: "allow" } });
  const { cause } = await admit(edge);
  assert.match(String(cause), /did not answer within 5 ms/);
});

test("policies after a remote answer are still asked", async () => {
  const policy = { name: "default", limit: 1, windowSeconds: 1 };
  const limiter = { check: async () => ({ policy, allowed: true, remaining: 0, resetSeconds: 1 }) };
  const rateLimit = { policies: [policy], limiter };
  assert.equal(await verdict({ rateLimit }, { method: "POST" }), "csrf");
  assert.equal(await verdict({ rateLimit }, {}), "pass");
});

test("upgrades: only where they are served, and from a browser only with an allowed Origin", async () => {
  const routes = [
    { name: "ws", path: "/ws", webSocket: "browser" as const },
    { name: "feed", path: "/feed", webSocket: "any-client" as const },
  ];
  const up = (target: string, origin?: string) =>
    verdict(
      { routes, cors: CORS },
      { target, upgrade: true, headers: origin === undefined ? {} : { origin } },
    );
  assert.equal(await up("/ws", OWN), "pass");
  assert.equal(await up("/ws", FRIEND), "pass");
  assert.equal(await up("/ws", "https://evil.test"), "origin-not-allowed");
  assert.equal(await up("/ws"), "origin-not-allowed");
  assert.equal(await up("/feed"), "pass");
  assert.equal(await up("/feed", "https://evil.test"), "origin-not-allowed");
  assert.equal(await up("/other", OWN), "upgrade-refused");
  assert.equal(
    await verdict({ routes }, { target: "/feed", upgrade: true, method: "POST" }),
    "upgrade-refused",
  );
});

test("problems: one shape, and a 5xx says nothing", async () => {
  const edge = edgeWith();
  const exchange = await admit(edge);
  const refusal = edge.problem(exchange, {
    status: 422,
    code: "validation-failed",
    title: "Validation failed",
    detail: "name is missing",
    members: { errors: [{ pointer: "/name" }], status: 1 },
  });
  assert.deepEqual(JSON.parse(refusal.body), {
    type: "about:blank",
    title: "Validation failed",
    status: 422,
    detail: "name is missing",
    code: "validation-failed",
    requestId: exchange.requestId,
    errors: [{ pointer: "/name" }],
    error: { code: "UNPROCESSABLE_ENTITY", message: "name is missing" },
  });
  const secret = {
    status: 500,
    code: "internal-error",
    title: "Oops",
    detail: "password=1",
    members: { sql: "SELECT" },
  };
  const failure = edge.problem(exchange, secret);
  assert.doesNotMatch(failure.body, /password|SELECT/);
  assert.equal(headersOf(failure.headers).get("content-type"), "application/problem+json");
});

test("what a handler throws is translated, and its cause reaches observers, not the client", async () => {
  const outcomes: Outcome[] = [];
  const edge = edgeWith({
    observers: [
      {
        settled: () => {
          throw new Error("a broken observer");
        },
      },
      { settled: (outcome) => void outcomes.push(outcome) },
    ],
    toProblem: (error) =>
      error instanceof RangeError ? { status: 409, code: "conflict", title: "Conflict" } : null,
  });
  const exchange = await admit(edge, { target: "/a?token=secret" });
  assert.equal(edge.failure(exchange, new RangeError("x")).code, "conflict");
  const cause = new Error("SELECT failed");
  assert.equal(edge.failure(exchange, cause).code, "internal-error");
  exchange.route = "/a";
  edge.settle(exchange, 500, false);
  const [outcome] = outcomes as [Outcome];
  assert.equal(outcome.cause, cause);
  assert.equal(outcome.path, "/a");
  assert.equal(outcome.route, "/a");
  assert.equal(outcome.status, 500);
});

test("a policy that fails refuses the request instead of letting it through", async () => {
  const generate = () => {
    throw new Error("no entropy");
  };
  const exchange = await admit(edgeWith({ requestId: { generate } }));
  assert.equal(exchange.code, "internal-error");
  assert.match(exchange.requestId, /^[0-9a-f-]{36}$/);
});

test("an id that could forge a header or a log line fails the request, also where there was none", async () => {
  for (const id of ["a\r\nSet-Cookie: x=1", 'abcdefgh"', "short", ""]) {
    const edge = edgeWith({ requestId: { generate: () => id } });
    const refused = edge.refuseEarly(facts(), EDGE_PROBLEMS.badRequest);
    for (const exchange of [await admit(edge), refused]) {
      assert.equal(exchange.code, "internal-error");
      assert.match(exchange.requestId, /^[0-9a-f-]{36}$/);
    }
  }
});
