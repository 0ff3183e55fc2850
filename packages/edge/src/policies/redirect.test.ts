import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { facts } from "../../test/facts.ts";
import { createEdge } from "../edge.ts";
import { EdgeError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RedirectRule } from "./redirect.ts";

const RULES: readonly RedirectRule[] = [
  { from: "/old", to: "/new" },
  { from: "/u/:id", to: "/users/:id/profile", status: 301 },
  { from: "/docs/*", to: "https://docs.example.com/v2/*", status: 302 },
  { from: "/blog/*", to: "/news", status: 307 },
];
const edge = createEdge({ preset: "strict", rateLimit: false, redirects: RULES });

function follow(target: string): string {
  const exchange = edge.admit(facts({ target })) as Exchange;
  if (exchange.verdict === "pass") return "pass";
  const { status, headers } = edge.answer(exchange);
  return `${status} ${headers[headers.indexOf("Location") + 1]}`;
}

test("moved addresses are answered with where they went, query and all", () => {
  assert.equal(follow("/old"), "308 /new");
  assert.equal(follow("/old/?a=1&b=%20"), "308 /new?a=1&b=%20");
  assert.equal(follow("//x/../old"), "308 /new");
  assert.equal(follow("/u/42"), "301 /users/42/profile");
  assert.equal(follow("/docs/a/b?c"), "302 https://docs.example.com/v2/a/b?c");
  assert.equal(follow("/docs"), "302 https://docs.example.com/v2");
  assert.equal(follow("/blog/2020/x"), "307 /news");
  assert.equal(follow("/older"), "pass");
});

test("nothing of a request becomes a host, a segment or a header", () => {
  assert.equal(follow("/u/%2F%2Fevil.example"), "301 /users/evil.example/profile");
  assert.equal(follow("/u/a%3Fb%23c"), "301 /users/a%3Fb%23c/profile");
  assert.equal(follow("/docs//evil.example"), "302 https://docs.example.com/v2/evil.example");
  assert.equal(follow("/old?\r\nSet-Cookie:a=b"), "308 /new");
  fc.assert(
    fc.property(fc.webPath(), fc.constantFrom("/u/", "/docs/", "/docs//", "/old"), (path, prefix) => {
      const answer = follow(prefix + path);
      if (answer === "pass" || !answer.startsWith("3")) return;
      const { origin } = new URL(answer.slice(4), "https://ours.example");
      assert.ok(["https://ours.example", "https://docs.example.com"].includes(origin), answer);
    }),
  );
});

test("a rule a request could bend does not start", () => {
  const bad: [string, RedirectRule][] = [
    ["redirects[0].to", { from: "/a/:id", to: "https://:id/x" }],
    ["redirects[0].to", { from: "/a/:id", to: "//:id" }],
    ["redirects[0].to", { from: "/a", to: "http://plain.example/" }],
    ["redirects[0].to", { from: "/a", to: "/b/:id" }],
    ["redirects[0].to", { from: "/a", to: "/b/*" }],
    ["redirects[0].to", { from: "/a/*", to: "/b/*/c" }],
    ["redirects[0].to", { from: "/a", to: "/b\r\nX: y" }],
    ["redirects[0].from", { from: "a", to: "/b" }],
    ["redirects[0].status", { from: "/a", to: "/b", status: 200 as 301 }],
  ];
  for (const [field, rule] of bad) {
    assert.throws(
      () => createEdge({ preset: "strict", redirects: [rule] }),
      (error) => error instanceof EdgeError && error.details.field === field,
      JSON.stringify(rule),
    );
  }
});
