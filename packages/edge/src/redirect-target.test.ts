import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { safeRedirectTarget } from "./redirect-target.ts";

test("paths of ours and allowed origins are kept", () => {
  for (const path of [
    "/",
    "/inbox?page=2#top",
    "/a/b",
    "/%2F%2Fevil.example",
    "/x?next=https://evil.example",
  ]) {
    assert.equal(safeRedirectTarget(path), path);
  }
  assert.equal(safeRedirectTarget("/é"), "/%C3%A9");
  const origins = ["https://app.example.com"];
  assert.equal(safeRedirectTarget("https://app.example.com/x", { origins }), "https://app.example.com/x");
  assert.equal(safeRedirectTarget("//app.example.com/x", { origins }), "https://app.example.com/x");
});

test("everything that leads elsewhere is the fallback", () => {
  const elsewhere = [
    null,
    undefined,
    "",
    "inbox",
    "?x",
    "#x",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http://app.example.com/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "/.//evil.example",
    "/..//evil.example",
    "/a/../..//evil.example",
    "/%2e//evil.example",
    "https://app.example.com@evil.example/",
    "https://app.example.com.evil.example/",
    "https://user@app.example.com/",
    "https://own.invalid/x",
    "//own.invalid/x",
    "\u0000/x",
    "/\u0085/x",
    `/${"a".repeat(3000)}`,
  ];
  for (const target of elsewhere) {
    assert.equal(
      safeRedirectTarget(target, { origins: ["https://app.example.com"], fallback: "/home" }),
      "/home",
      String(target),
    );
  }
});

test("a browser that follows what is returned stays with us, whatever was asked", () => {
  const piece = fc.constantFrom(
    "/",
    "\\",
    "//",
    ".",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "@",
    ":",
    "https:",
    "evil.example",
    "?",
    "#",
    "\t",
    "\n",
    "a",
  );
  const target = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join("")),
    fc.string(),
    fc.webUrl(),
  );
  fc.assert(
    fc.property(target, (text) => {
      const safe = safeRedirectTarget(text);
      assert.equal(new URL(safe, "https://ours.example/deep/page").origin, "https://ours.example", text);
      assert.match(safe, /^[\x21-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});
