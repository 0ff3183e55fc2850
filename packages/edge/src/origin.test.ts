import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSameOrigin, OriginList, parseOrigin } from "./origin.ts";

test("exact origins are allowed exactly", () => {
  const list = new OriginList(["https://app.example.com", "http://localhost:3000"]);
  assert.ok(list.allows("https://app.example.com"));
  assert.ok(list.allows("http://localhost:3000"));
  for (const origin of [
    "http://app.example.com",
    "https://app.example.com:444",
    "https://app.example.com.evil.test",
    "https://APP.example.com",
    "https://app.example.com/",
    "https://app.example.com#",
    "https://user@app.example.com",
    "http://localhost",
    "http://localhost:30000",
    "null",
    "",
  ]) {
    assert.ok(!list.allows(origin), origin);
  }
});

test("a subdomain pattern never allows the apex, a look-alike, another scheme or another port", () => {
  const list = new OriginList(["*.example.com"]);
  assert.ok(list.allows("https://a.example.com"));
  assert.ok(list.allows("https://a.b.example.com"));
  for (const origin of [
    "https://example.com",
    "https://evilexample.com",
    "https://.example.com",
    "http://a.example.com",
    "https://a.example.com:8443",
    "https://a.example.com.evil.test",
    "https://evil.test/.example.com",
    "https://evil.test?.example.com",
    "https://evil.test#.example.com",
    "https://evil.test\\.example.com",
    "https://user@.example.com",
    "https://a%2eexample.com",
  ]) {
    assert.ok(!list.allows(origin), origin);
  }
});

test("a scheme and a port hold when they are said", () => {
  const list = new OriginList(["http://*.dev.example.com:8080"]);
  assert.ok(list.allows("http://a.dev.example.com:8080"));
  assert.ok(!list.allows("http://a.dev.example.com"));
  assert.ok(!list.allows("https://a.dev.example.com:8080"));
});

test("entries that are no origins are refused", () => {
  for (const entry of [
    "example.com",
    "https://",
    "ftp://a",
    "https://a/b",
    "*.com",
    "https://a.*.com",
    "**",
  ]) {
    assert.throws(() => new OriginList([entry]), TypeError, entry);
  }
});

test("nothing but subdomains passes a subdomain pattern, whatever surrounds the name", () => {
  const list = new OriginList(["*.example.com"]);
  const noise = fc.string({ unit: fc.constantFrom(..."ab.@:/\\#?%[] \u0000\nexample.com"), maxLength: 30 });
  fc.assert(
    fc.property(noise, noise, (before, after) => {
      const origin = `https://${before}example.com${after}`;
      if (!list.allows(origin)) return;
      const url = new URL(origin);
      assert.equal(url.origin, origin.replace(/:443$/, ""));
      assert.ok(url.hostname.endsWith(".example.com"));
    }),
    { numRuns: 3000 },
  );
});

test("a parsed origin is one the URL standard reads alike", () => {
  const text = fc.string({ unit: fc.constantFrom(..."https://[]:.01af-_xn@ "), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(fc.webAuthority(), text), (rest) => {
      const parsed = parseOrigin(`https://${rest}`);
      if (parsed === null || !URL.canParse(`https://${rest}`)) return;
      const url = new URL(`https://${rest}`);
      assert.equal(url.username, "");
      assert.equal(url.pathname, "/");
    }),
    { numRuns: 1000 },
  );
});

test("same origin: host, port and a known scheme agree", () => {
  assert.ok(isSameOrigin("https://a.test", "a.test", "https"));
  assert.ok(isSameOrigin("https://a.test", "A.test:443", "https"));
  assert.ok(isSameOrigin("http://[::1]:3000", "[::1]:3000", "http"));
  assert.ok(isSameOrigin("https://a.test", "a.test", null));
  assert.ok(!isSameOrigin("http://a.test", "a.test", "https"));
  assert.ok(!isSameOrigin("https://a.test:444", "a.test", "https"));
  assert.ok(!isSameOrigin("https://a.test", "b.test", "https"));
  assert.ok(!isSameOrigin("https://a.test", undefined, "https"));
  assert.ok(!isSameOrigin("null", "null", null));
});
