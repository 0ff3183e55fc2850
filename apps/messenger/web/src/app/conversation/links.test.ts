import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFewEmoji, piecesOf } from "./links.ts";

test("an address becomes a link, the sentence's punctuation does not", () => {
  assert.deepEqual(piecesOf("See https://example.org/a?b=c."), [
    { text: "See " },
    { text: "https://example.org/a?b=c", href: "https://example.org/a?b=c" },
    { text: "." },
  ]);
});

test("only http and https lead anywhere", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.org"]) {
    assert.deepEqual(piecesOf(text), [{ text }]);
  }
});

test("an address with credentials in it stays text: what is shown must be where it leads", () => {
  const text = "https://bank.example@evil.example/";
  assert.deepEqual(piecesOf(text), [{ text }]);
});

test("nothing of a message is lost or changed, whatever it is", () => {
  const part = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.webUrl(),
    fc.constantFrom("https://", "http://[", " "),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const pieces = piecesOf(text);
      assert.equal(pieces.map((piece) => piece.text).join(""), text);
      for (const { href } of pieces) assert.ok(href === undefined || /^https?:\/\//.test(href));
    }),
  );
});

test("one to three emoji alone are shown large", () => {
  for (const text of ["🎉", "👍🏽 ❤️", "👩‍🚀👨‍👩‍👧🇫🇷"]) assert.ok(isFewEmoji(text), text);
  for (const text of ["", "ok 👍", "🎉🎉🎉🎉", "12"]) assert.ok(!isFewEmoji(text), text);
});
