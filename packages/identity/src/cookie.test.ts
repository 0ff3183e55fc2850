import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { clearSessionCookie, parseSessionCookie, SESSION_COOKIE, serialiseSessionCookie } from "./cookie.ts";
import { mintToken } from "./tokens.ts";

const token = mintToken(systemRandom);

test("the cookie carries the attributes its prefix demands, and nothing that widens it", () => {
  assert.equal(
    serialiseSessionCookie(token, 90_999, 1000),
    `__Host-session=${token}; Max-Age=89; Path=/; Secure; HttpOnly; SameSite=Strict`,
  );
  assert.equal(clearSessionCookie(), "__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
  assert.throws(() => serialiseSessionCookie(`${token}; Domain=example.org`, 1, 0), TypeError);
});

test("the token is found among other cookies", () => {
  const cookie = `${SESSION_COOKIE}=${token}`;
  for (const header of [cookie, `a=b; ${cookie}`, `${cookie}; a=b`, `a=b;${cookie};c=d`, `; ${cookie} ;`]) {
    assert.equal(parseSessionCookie(header), token, header);
  }
});

test("two cookies of the name, an almost equal name and a malformed value are not believed", () => {
  const other = mintToken(systemRandom);
  const refused = [
    `${SESSION_COOKIE}=${token}; ${SESSION_COOKIE}=${other}`,
    `${SESSION_COOKIE}=${token}; ${SESSION_COOKIE}=${token}`,
    `${SESSION_COOKIE}=; ${SESSION_COOKIE}=${token}`,
    `__host-session=${token}`,
    `x${SESSION_COOKIE}=${token}`,
    `${SESSION_COOKIE}="${token}"`,
    `${SESSION_COOKIE}=${token}=`,
    `${SESSION_COOKIE}=${token.slice(1)}`,
    `${SESSION_COOKIE}=${encodeURIComponent("é".repeat(43))}`,
    SESSION_COOKIE,
    "",
  ];
  for (const header of refused) assert.equal(parseSessionCookie(header), null, header);
  assert.equal(parseSessionCookie(undefined), null);
  assert.equal(parseSessionCookie(null), null);
});

test("any header gives a well-formed token that stands in it, or null", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.string({ unit: codePoint }),
    fc.constantFrom(SESSION_COOKIE, "=", ";", "; ", token, `${SESSION_COOKIE}=${token}`),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const header = pieces.join("");
      const found = parseSessionCookie(header);
      const named = header.match(/(^|;)\s*__Host-session\s*=/g) ?? [];
      if (named.length !== 1) assert.equal(found, null);
      if (found !== null) assert.ok(header.includes(found) && /^[A-Za-z0-9_-]{43}$/.test(found));
    }),
    { numRuns: 2000 },
  );
  assert.equal(
    parseSessionCookie(`${"a=b; ".repeat(100_000)}${SESSION_COOKIE}=${token}`),
    null,
    "past any browser",
  );
});
