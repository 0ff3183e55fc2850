import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8, systemRandom, unsafeSeededRandom, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { LIMITS } from "../contract/index.ts";
import { checkReceived, type ReceivedBody, sealBody, verifyFranking } from "./body.ts";
import type { MessageBody } from "./schema.ts";

const ID = "01900000-0000-7000-8000-000000000001";
const CONVERSATION = "01900000-0000-7000-8000-000000000002";
const SENDER = "01900000-0000-7000-8000-000000000003";
const DEVICE = "01900000-0000-7000-8000-000000000004";
const OTHER = "01900000-0000-7000-8000-000000000005";

const message = (content: MessageBody["content"] = { type: "text", text: "hello" }): MessageBody => ({
  id: ID,
  conversationId: CONVERSATION,
  senderId: SENDER,
  deviceId: DEVICE,
  sentAt: 1_800_000_000_000,
  content,
});

const envelope = { id: ID, conversationId: CONVERSATION, senderId: SENDER, deviceId: DEVICE };

async function received(body = message()): Promise<ReceivedBody> {
  const { bytes, tag } = await sealBody(body, systemRandom);
  return { bytes, authenticatedData: tag, sender: { userId: SENDER, deviceId: DEVICE }, envelope };
}

/** A body as another implementation might write it, with its own correct tag. */
async function foreign(json: unknown): Promise<ReceivedBody> {
  const bytes = utf8(typeof json === "string" ? json : JSON.stringify(json));
  const salt = new Uint8Array(32);
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const authenticatedData = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
  return { bytes, authenticatedData, sender: { userId: SENDER, deviceId: DEVICE }, envelope };
}

const SALT = "A".repeat(43);
const encoded = { v: 1, ...message(), salt: SALT };

test("what was sealed is read back, whatever the text", async () => {
  const text = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
    .filter((value) => value.length <= LIMITS.textCharacters && !/[^\P{Cc}\n\t]/u.test(value));
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const check = await checkReceived(await received(message({ type: "text", text: value })));
      assert.ok(check.ok);
      assert.deepEqual(check.message.content, { type: "text", text: value });
    }),
    { numRuns: 100 },
  );
});

test("the longest text in the widest script fits a message", async () => {
  const { bytes } = await sealBody(
    message({ type: "text", text: "漢".repeat(LIMITS.textCharacters) }),
    systemRandom,
  );
  assert.ok(bytes.length < LIMITS.applicationMessageBytes - 8 * 1024);
});

test("what a sender may not write is misuse", async () => {
  const texts = ["", "\u0000", "\u001b[2J", "\ud800", "x".repeat(LIMITS.textCharacters + 1)];
  for (const text of texts) await assert.rejects(sealBody(message({ type: "text", text }), systemRandom));
});

test("a changed body, salt or tag is tampered", async () => {
  const good = await received();
  const swapped = (await received()).authenticatedData;
  assert.deepEqual(await checkReceived({ ...good, authenticatedData: swapped }), {
    ok: false,
    reason: "tampered",
  });
  for (const tag of [new Uint8Array(), new Uint8Array(32), good.authenticatedData.subarray(0, 31)])
    assert.deepEqual(await checkReceived({ ...good, authenticatedData: tag }), {
      ok: false,
      reason: "tampered",
    });
  const text = fromUtf8(good.bytes) ?? "";
  const changed = { ...good, bytes: utf8(text.replace("hello", "jello")) };
  assert.deepEqual(await checkReceived(changed), { ok: false, reason: "tampered" });
});

test("a body in another place than it was written for is tampered", async () => {
  for (const key of ["id", "conversationId"] as const) {
    const moved = { ...(await received()), envelope: { ...envelope, [key]: OTHER } };
    assert.deepEqual(await checkReceived(moved), { ok: false, reason: "tampered" });
  }
});

test("a body that names another author than encrypted it is refused", async () => {
  const good = await received();
  const mismatched: ReceivedBody[] = [
    { ...good, sender: { userId: OTHER, deviceId: DEVICE } },
    { ...good, sender: { userId: SENDER, deviceId: OTHER } },
    { ...good, envelope: { ...envelope, senderId: OTHER } },
    { ...good, envelope: { ...envelope, deviceId: OTHER } },
    await received({ ...message(), senderId: OTHER }),
    await received({ ...message(), deviceId: OTHER }),
  ];
  for (const one of mismatched)
    assert.deepEqual(await checkReceived(one), { ok: false, reason: "sender-mismatch" });
});

test("what a later version wrote is unsupported, not malformed", async () => {
  const later = [
    { ...encoded, v: 2, novelty: true },
    { ...encoded, content: { type: "poll", options: [] } },
  ];
  for (const json of later)
    assert.deepEqual(await checkReceived(await foreign(json)), { ok: false, reason: "unsupported" });
});

test("what is no body is malformed", async () => {
  const { salt: _salt, ...saltless } = encoded;
  const bad: unknown[] = [
    "",
    "{",
    "null",
    "[]",
    saltless,
    { ...encoded, salt: "AA" },
    { ...encoded, extra: 1 },
    { ...encoded, sentAt: -1 },
    { ...encoded, id: "1" },
    { ...encoded, content: { type: "text" } },
    { ...encoded, content: { type: "text", text: "a\u0007b" } },
    { ...encoded, content: { type: "text", text: "a", html: "<b>" } },
    { ...encoded, content: { type: "title", title: " " } },
    { ...encoded, content: "text" },
  ];
  for (const json of bad)
    assert.deepEqual(
      await checkReceived(await foreign(json)),
      { ok: false, reason: "malformed" },
      JSON.stringify(json),
    );
});

test("random bytes are malformed and never throw", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), async (bytes) => {
      const check = await checkReceived({ ...(await received()), bytes });
      assert.deepEqual(check, { ok: false, reason: "malformed" });
    }),
    { numRuns: 300 },
  );
  const huge = new Uint8Array(LIMITS.applicationMessageBytes + 1).fill(0x20);
  assert.deepEqual(await checkReceived({ ...(await received()), bytes: huge }), {
    ok: false,
    reason: "malformed",
  });
});

test("a reported body verifies against its tag and against no other", async () => {
  const { bytes, tag } = await sealBody(message(), unsafeSeededRandom(1));
  assert.equal(await verifyFranking(bytes, tag), true);
  const { bytes: forged } = await sealBody(message({ type: "text", text: "forged" }), unsafeSeededRandom(1));
  assert.equal(await verifyFranking(forged, tag), false);
  assert.equal(await verifyFranking(utf8("{}"), tag), false);
});
