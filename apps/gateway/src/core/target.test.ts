import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isForwardable } from "./target.ts";

test("ordinary targets pass", () => {
  for (const target of [
    "/",
    "/a/b.json",
    "/.well-known/security.txt",
    "/a/...",
    "/a..b/c",
    "/@scope%2fname",
    "/a//b",
    "/x?next=/../y",
    "/caf%C3%A9?q=%2e%2e",
    "/v1.0/x;y=1",
    "*",
  ]) {
    assert.equal(isForwardable(target), true, target);
  }
});

test("a dot segment is refused in every spelling", () => {
  for (const segment of [".", "..", "%2e", "%2E%2e", ".%2e", "..;x", "..%3bx", "%2e;"]) {
    for (const [before, after] of [
      ["/", ""],
      ["/a/", "/b"],
      ["/a%2f", "%2Fb"],
      ["/a%5c", "%5Cb"],
      ["/a/", "?q"],
    ]) {
      const target = `${before}${segment}${after}`;
      assert.equal(isForwardable(target), false, target);
    }
  }
});

test("what ends or bends a request line is refused anywhere", () => {
  for (const char of ["\r", "\n", " ", "\t", "\0", "\u007f", "#"]) {
    assert.equal(isForwardable(`/a${char}b`), false);
    assert.equal(isForwardable(`/a?b${char}c`), false);
  }
});

test("a path that passes resolves to itself", () => {
  const piece = fc.constantFrom("a", ".", "..", "%2e", "%2E", "/", "%2f", ";", "b", "?", "%25");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const target = `/${pieces.join("")}`;
      if (!isForwardable(target)) return;
      const path = target.split("?", 1)[0] as string;
      assert.equal(new URL(`http://a${path.replace(/^\/+/, "/")}`).pathname, path.replace(/^\/+/, "/"));
    }),
  );
});
