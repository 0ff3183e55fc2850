import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import { facts } from "../../test/facts.ts";
import { createEdge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import type { RateLimitDecision } from "../ports.ts";
import { NONCE } from "./csp.ts";
import { toLines } from "./lines.ts";

const FRIEND = "https://friend.example.org";
const policy = { name: "default", limit: 3, windowSeconds: 60 };
const edge = createEdge({
  preset: "strict",
  clock: manualClock(),
  headers: {
    csp: { "script-src": [NONCE, "'strict-dynamic'"], "style-src": [NONCE] },
    cspReportOnly: { "script-src": [NONCE], "report-uri": ["/csp"] },
  },
  cors: { origins: [FRIEND], credentials: true },
  rateLimit: { policies: [policy] },
  routes: [
    { name: "static", path: "/static/*", csp: { "default-src": ["'none'"] } },
    { name: "free", path: "/free", rateLimit: false },
  ],
});

function sorted(lines: string): string[] {
  return lines.split("\r\n").sort();
}

test("lines say what the list says, whatever was decided", () => {
  for (const target of ["/", "/static/x", "/free", "/", "/", "/"]) {
    for (const headers of [{}, { origin: FRIEND }, { origin: "https://evil.test" }]) {
      const exchange = edge.admit(facts({ target, headers })) as Exchange;
      assert.deepEqual(sorted(edge.headerLines(exchange)), sorted(toLines(edge.headers(exchange))));
    }
  }
});

test("several decisions, and headers that policies add, are in both", () => {
  const exchange = edge.admit(facts()) as Exchange;
  const second: RateLimitDecision = { policy, allowed: true, remaining: 1, resetSeconds: 9 };
  exchange.addDecision(second);
  exchange.addHeaders(["Set-Cookie", "__Host-bucket=7; Secure", "Vary", "Cookie"]);
  const lines = edge.headerLines(exchange);
  assert.deepEqual(sorted(lines), sorted(toLines(edge.headers(exchange))));
  assert.match(lines, /\r\nSet-Cookie: __Host-bucket=7; Secure\r\n/);
});

test("no line is made of a value that could end it", () => {
  const exchange = edge.admit(facts()) as Exchange;
  for (const value of ["a\r\nX-Forged: 1", "a\n", "a\r", "\0", "é", "\x7f"]) {
    assert.throws(() => toLines(["X-Any", value]), TypeError, JSON.stringify(value));
    exchange.added = ["Link", value];
    assert.throws(() => edge.headerLines(exchange), TypeError);
  }
});
