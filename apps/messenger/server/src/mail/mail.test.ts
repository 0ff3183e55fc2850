import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mail, MailKind } from "@rempart/identity";
import { english } from "./english.ts";
import { french } from "./french.ts";
import { wordingOf } from "./smtp-mailer.ts";
import { render } from "./text.ts";

const KINDS = Object.keys(english) as MailKind[];
const VALUES = {
  name: "Zoë",
  token: "a+b/c",
  email: "new@example.com",
  factor: "totp",
  left: "3",
  address: "192.0.2.1",
  userAgent: "Firefox",
  cause: "reset",
};

function mailOf(kind: MailKind, language: string, values: Record<string, string> = VALUES): Mail {
  return { id: "1", to: "a@example.com", kind, language, values };
}

test("every mail is worded in both languages, differently, with every value it needs", () => {
  assert.deepEqual(Object.keys(french).toSorted(), KINDS.toSorted());
  for (const kind of KINDS) {
    const [en, fr] = ["en", "fr-CA"].map((language) =>
      wordingOf(mailOf(kind, language), "https://m.example"),
    );
    assert.notEqual(en?.subject, fr?.subject, kind);
    assert.equal(en?.link?.url, fr?.link?.url, kind);
    for (const text of [en, fr]) assert.ok(!JSON.stringify(text).includes("undefined"), kind);
  }
});

test("a link's secret stands behind the #, encoded", () => {
  const { link } = wordingOf(mailOf("reset-password", "en"), "https://m.example");
  assert.equal(link?.url, "https://m.example/#reset-password=a%2Bb%2Fc");
});

test("a stranger's text neither breaks a line nor becomes markup", () => {
  const userAgent = 'evil"><img src=x>\r\nBcc: all@example.com \u202e';
  const wording = wordingOf(mailOf("new-sign-in", "en", { ...VALUES, userAgent }), "https://m.example");
  const { text, html } = render(wording, "en");
  assert.ok(!html.includes("<img"));
  assert.ok(!text.includes("\nBcc"));
  assert.ok(!text.includes("\u202e"));
});
