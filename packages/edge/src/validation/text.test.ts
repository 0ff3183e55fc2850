import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeHtml } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { cleanText, stripTags } from "./text.ts";

test("text is composed, trimmed and rid of what nobody sees", () => {
  assert.equal(cleanText("  Cafe\u0301 \u0000\u0007"), "Café");
  assert.equal(cleanText("user\u202Egnp.exe"), "usergnp.exe");
  assert.equal(cleanText("a\u200Bb\uFEFFc\u2066d\u2069"), "abcd");
  assert.equal(cleanText("a\r\n\tb \u2028 c"), "a b c");
  assert.equal(cleanText("a\r\nb\rc\u0085d", { lines: true }), "a\nb\nc\nd");
  assert.equal(cleanText("\u{E0041}x\uD800"), "x\uFFFD");
});

test("what people write stays as it is", () => {
  for (const text of [
    "O'Brien",
    "5 < 6 && 7 > 3",
    "می‌خواهم",
    "مرحبا بالعالم",
    "👩‍👩‍👧",
    "naïve — “quotes”",
    "if (a<b) {}",
    "日本語",
  ]) {
    assert.equal(cleanText(text), text);
  }
});

test("tags are taken out, arithmetic is not", () => {
  const cases: [string, string][] = [
    ["<b>bold</b> move", "bold move"],
    ["5 < 6 and 7 > 3", "5 < 6 and 7 > 3"],
    ["i <3 you", "i <3 you"],
    ["<scr<script>ipt>alert(1)</scr</script>ipt>", "ipt>alert(1)ipt>"],
    ["<<b>script>alert(1)<</b>/script>", "script>alert(1)/script>"],
    ["<<<b>b>img src=x onerror=1>", "b>img src=x onerror=1>"],
    ["a<!-- > -->b", "a -->b"],
    ["text<img src=x onerror=alert(1)", "text"],
    ["<", "<"],
  ];
  for (const [given, expected] of cases) assert.equal(stripTags(given), expected, given);
});

const markup = fc
  .array(
    fc.constantFrom(
      "<",
      ">",
      "/",
      "b",
      "!",
      " ",
      "<b>",
      "script",
      "\u0000",
      "\u200B",
      "<\u0000b",
      "é",
      "e\u0301",
    ),
  )
  .map((parts) => parts.join(""));

test("whatever arrives, no tag survives stripping, and cleaning again changes nothing", () => {
  fc.assert(
    fc.property(fc.oneof(markup, fc.string({ unit: codePoint })), (text) => {
      for (const options of [{}, { html: "strip" }, { html: "strip", lines: true }] as const) {
        const clean = cleanText(text, options);
        assert.equal(cleanText(clean, options), clean);
        if ("html" in options) assert.doesNotMatch(clean, /<[a-z/!?]/i);
        assert.doesNotMatch(clean, /[\0\u202E\u200B]/u);
      }
    }),
    { numRuns: 1000 },
  );
});

test("escaped text holds no character that means something in HTML", () => {
  fc.assert(
    fc.property(markup, (text) => {
      const escaped = cleanText(text, { html: "escape" });
      assert.doesNotMatch(escaped, /[<>"'`]/);
    }),
  );
  assert.equal(escapeHtml(`<a href="x">'&'</a>`), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
});
