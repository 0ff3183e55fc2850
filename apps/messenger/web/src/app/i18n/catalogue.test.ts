import assert from "node:assert/strict";
import { test } from "node:test";
import { PROBLEMS } from "@rempart/messaging/contract";
import { en } from "./en.ts";
import { fr } from "./fr.ts";

interface Sentence {
  readonly path: string;
  readonly value: string | ((...parts: never[]) => string);
}

function sentencesOf(value: unknown, path = ""): Sentence[] {
  if (typeof value === "string" || typeof value === "function") {
    return [{ path, value: value as Sentence["value"] }];
  }
  return Object.entries(value as object).flatMap(([key, inner]) => sentencesOf(inner, `${path}.${key}`));
}

/** Everything a sentence may be given; a number reads as text where a name is wanted. */
const PARTS = [3, 2] as never[];

function said({ value }: Sentence): string {
  return typeof value === "string" ? value : value(...PARTS);
}

test("both languages say the same things, and none of them is empty", () => {
  const [english, french] = [sentencesOf(en), sentencesOf(fr)];
  assert.deepEqual(french.map(({ path }) => path).sort(), english.map(({ path }) => path).sort());
  for (const sentence of [...english, ...french]) assert.ok(said(sentence).trim().length > 0, sentence.path);
});

test("a number given to a sentence stands in it, in both languages", () => {
  for (const catalogue of [en, fr]) {
    for (const sentence of sentencesOf(catalogue)) {
      if (typeof sentence.value !== "function") continue;
      assert.match(said(sentence), /3/, sentence.path);
    }
  }
});

test("every problem of the contract has words", () => {
  for (const code of Object.keys(PROBLEMS)) {
    assert.ok(code in en.failures, code);
    assert.ok(code in fr.failures, code);
  }
});

test("plurals follow each language: zero is singular in French, plural in English", () => {
  assert.equal(en.list.unread(0), "0 unread messages");
  assert.equal(fr.list.unread(0), "0 message non lu");
  assert.equal(en.list.unread(1), "1 unread message");
  assert.equal(fr.list.unread(2), "2 messages non lus");
  assert.equal(en.conversation.members(1234), "1,234 members");
});

test("French spacing: no ordinary space before high punctuation, no straight apostrophe", () => {
  for (const sentence of sentencesOf(fr)) {
    const text = said(sentence);
    assert.doesNotMatch(text, /[ ][;!?»]|«[ ]|[ ]:/, `${sentence.path}: a line could break there`);
    assert.doesNotMatch(text, /'/, sentence.path);
  }
});
