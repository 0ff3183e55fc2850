import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeyPress, shortcutOf } from "./shortcut-of.ts";

const plain: KeyPress = { key: "", code: "", altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test("combinations act wherever the focus is", () => {
  assert.equal(shortcutOf({ ...plain, key: "k", ctrlKey: true }, true), "search");
  assert.equal(shortcutOf({ ...plain, key: "k", metaKey: true }, false), "search");
  assert.equal(shortcutOf({ ...plain, key: "/", ctrlKey: true }, true), "help");
  assert.equal(shortcutOf({ ...plain, key: "ArrowDown", code: "ArrowDown", altKey: true }, true), "next");
});

test("Alt goes by the key's place, since some systems type another letter with it", () => {
  assert.equal(shortcutOf({ ...plain, key: "ñ", code: "KeyN", altKey: true }, false), "compose");
});

test("no letter acts alone, and Escape leaves a text field to itself", () => {
  for (const letter of "abcdefghijklmnopqrstuvwxyz?/") {
    assert.equal(shortcutOf({ ...plain, key: letter, code: `Key${letter.toUpperCase()}` }, false), null);
  }
  assert.equal(shortcutOf({ ...plain, key: "Escape", code: "Escape" }, true), null);
  assert.equal(shortcutOf({ ...plain, key: "Escape", code: "Escape" }, false), "back");
});

test("the browser keeps its own combinations", () => {
  assert.equal(shortcutOf({ ...plain, key: "K", ctrlKey: true, shiftKey: true }, false), null);
  assert.equal(shortcutOf({ ...plain, key: "n", code: "KeyN", ctrlKey: true }, false), null);
});
