import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MASK_LIMITS, mask, maskText } from "./mask.ts";
import { namesSecret } from "./names.ts";

const SECRETS = [
  "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
  "Bearer c2VjcmV0LXRva2Vu",
  "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
  "AKIAIOSFODNN7EXAMPLE",
  "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  "alice.o'hara+news@example.co.uk",
  "rené@exämple.fr",
  "4111 1111 1111 1111",
  "5500-0000-0000-0004",
  "378282246310005",
  "078-05-1120",
  "2 55 08 14 168 025 38",
  "FR14 2004 1010 0505 0001 3M02 606",
  "DE89370400440532013000",
  "+33 6 12 34 56 78",
  "06 12 34 56 78",
  "(212) 555-0123",
  "212-555-0123",
];

test("a secret is found by its shape, alone and inside a sentence", () => {
  for (const secret of SECRETS) {
    for (const text of [secret, `sent ${secret} today`, `{"value":"${secret}"}`]) {
      assert.ok(!maskText(text).includes(secret), `${secret} in ${text}: ${maskText(text)}`);
    }
  }
  assert.equal(maskText("postgres://app:hunter2@db/rempart"), "postgres://[credentials]@db/rempart");
  const pem = `-----BEGIN ${"PRIVATE"} KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END ${"PRIVATE"} KEY-----`;
  assert.equal(maskText(pem), "[private key]");
});

test("what only resembles a secret is kept", () => {
  for (const text of [
    "order 4111 1111 1111 1112",
    "2026-11-21T06:48:23.123Z",
    "0198f0e2-7c1a-7b3e-9f00-123456789abc",
    "192.0.2.14",
    "2001:db8::1",
    "GET /api/v1/users/42",
    "version 1.2.3-rc.4",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "1234567890123",
  ])
    assert.equal(maskText(text), text);
});

test("a member is masked by its name, however it is spelled", () => {
  for (const name of [
    "password",
    "newPassword",
    "X-API-Key",
    "api_key",
    "apiKey",
    "refresh_token",
    "Set-Cookie",
    "clientSecret",
    "pin",
    "card_number",
    "recoveryCodes",
  ])
    assert.ok(namesSecret(name), name);
  for (const name of ["shipping", "opinion", "spin", "name", "keyId", "path", "compass"])
    assert.ok(!namesSecret(name), name);
  assert.deepEqual(mask({ user: { password: { nested: "x" } }, id: 3 }), {
    user: { password: "[masked]" },
    id: 3,
  });
});

test("an allowed member keeps what only its shape makes suspicious, never what its name makes secret", () => {
  const value = { contact: "a@example.com", password: "a@example.com" };
  assert.deepEqual(mask(value, new Set(["contact", "password"])), {
    contact: "a@example.com",
    password: "[masked]",
  });
});

test("a text that would move a cursor, break a line or turn the reading around is shown as what it is", () => {
  assert.equal(maskText("ok\r\nINFO admin signed in"), "ok\\u000d\\u000aINFO admin signed in");
  assert.equal(maskText("\u001b[2Jgone"), "\\u001b[2Jgone");
  assert.equal(maskText("user\u202egpj.exe"), "user\\u202egpj.exe");
  assert.equal(maskText("half \ud83d"), "half \ufffd");
  assert.equal(maskText("été, مرحبا, 你好, 👩‍👩‍👧".replaceAll("\u200d", "")), "été, مرحبا, 你好, 👩👩👧");
});

test("cycles, depth, width, length and hostile objects end in a bounded value", () => {
  const cyclic: Record<string, unknown> = { name: "a" };
  cyclic.self = cyclic;
  assert.deepEqual(mask(cyclic), { name: "a", self: "[cycle]" });
  let deep: unknown = "end";
  for (let i = 0; i < 1_000; i += 1) deep = { deep };
  assert.ok(JSON.stringify(mask(deep)).includes("[deeper]"));
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, [1, 2, 3]]));
  assert.ok(JSON.stringify(mask(wide)).length < 10_000);
  assert.ok(maskText("x".repeat(1_000_000)).length < MASK_LIMITS.textLength + 40);
  const hostile = {
    get boom() {
      throw new Error("no");
    },
    toJSON: () => "lie",
    fine: 1,
  };
  assert.deepEqual(mask(hostile), { boom: "[unreadable]", toJSON: null, fine: 1 });
  const trap = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error("no");
      },
    },
  );
  assert.equal(mask(trap), "[unreadable]");
});

test("a name that JavaScript gives a meaning is a name", () => {
  const value = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}');
  assert.equal(JSON.stringify(mask(value)), '{"__proto__":{"admin":true},"constructor":1}');
});

test("whatever is given, the copy is JSON", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withTypedArray: true,
      }),
      (value) => {
        const once = mask(value);
        const text = JSON.stringify(once);
        assert.equal(JSON.stringify(JSON.parse(text)), text);
      },
    ),
  );
});
