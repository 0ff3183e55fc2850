import assert from "node:assert/strict";
import { test } from "node:test";
import { pickLanguage, regionalTag } from "./language.ts";

test("a choice wins, then the browser's first language that is spoken, then English", () => {
  assert.equal(pickLanguage("fr", ["en-GB"]), "fr");
  assert.equal(pickLanguage(null, ["de-DE", "fr-CA", "en"]), "fr");
  assert.equal(pickLanguage("tlh", ["de"]), "en");
  assert.equal(pickLanguage(null, []), "en");
  assert.equal(pickLanguage("constructor", ["toString"]), "en");
});

test("dates take the browser's own variant of the language", () => {
  assert.equal(regionalTag("en", ["fr-FR", "en-GB", "en-US"]), "en-GB");
  assert.equal(regionalTag("fr", ["en-GB"]), "fr");
});

test("a locale that Intl refuses is passed over", () => {
  assert.equal(regionalTag("en", ["en-US@posix"]), "en");
});
