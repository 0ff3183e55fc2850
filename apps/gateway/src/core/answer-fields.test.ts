import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnswerRule, answerFields, trailerFields } from "./answer-fields.ts";

const OWNED = new Set(["content-security-policy", "x-frame-options", "x-powered-by"]);
const rule: AnswerRule = { owns: (name) => OWNED.has(name), kept: new Set() };
const owed = ["Content-Security-Policy", "default-src 'none'", "X-Frame-Options", "DENY"];

test("the edge's headers win, the upstream's others stay, cookies on lines of their own", () => {
  const raw = [
    "X-Frame-Options",
    "ALLOWALL",
    "X-Powered-By",
    "x",
    "Set-Cookie",
    "a=1",
    "set-cookie",
    "b=2",
    "ETag",
    "1",
  ];
  assert.deepEqual(answerFields(owed, raw, 5, rule), [
    ...owed,
    "Set-Cookie",
    "a=1",
    "set-cookie",
    "b=2",
    "ETag",
    "1",
    "Content-Length",
    "5",
  ]);
});

test("a kept header is the upstream's where it sends one, on every line it sends, and the edge's elsewhere", () => {
  const keeping: AnswerRule = { ...rule, kept: new Set(["content-security-policy"]) };
  const own = ["content-security-policy", "script-src 'self'", "content-security-policy", "img-src *"];
  assert.deepEqual(answerFields(owed, own, null, keeping), ["X-Frame-Options", "DENY", ...own]);
  assert.deepEqual(answerFields(owed, [], null, keeping), owed);
});

test("nothing of the upstream's connection passes, nor what would lead past the gateway", () => {
  const raw = ["Connection", "close, X-Internal", "x-internal", "1", "Transfer-Encoding", "chunked"];
  const more = [
    "Content-Length",
    "9",
    "Keep-Alive",
    "timeout=5",
    "Server",
    "s",
    "Alt-Svc",
    'h3=":443"',
    "Upgrade",
    "h2c",
  ];
  assert.deepEqual(answerFields([], [...raw, ...more], null, rule), []);
});

test("trailers carry nothing that frames, authenticates or belongs to the edge", () => {
  const raw = [
    "X-Checksum",
    "1",
    "Set-Cookie",
    "a=1",
    "Content-Length",
    "5",
    "X-Frame-Options",
    "ALLOW",
    "Transfer-Encoding",
    "x",
  ];
  assert.deepEqual(trailerFields(raw, rule.owns), ["X-Checksum", "1"]);
});
