import assert from "node:assert/strict";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { test } from "node:test";
import { serverFrame } from "@rempart/messaging/contract";
import fc from "fast-check";
import * as ws from "ws";
import { ackFrame, applicationFrame, messageFrame, textFrame } from "./wire.ts";

/** Exported by the library and missing from its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** Reads a frame as a client does, with the library's own parser. */
async function read(frame: Buffer): Promise<string> {
  const receiver = new Receiver({ isServer: false });
  const message = once(receiver, "message");
  receiver.write(frame);
  return String((await message)[0]);
}

test("a text frame of any length is read back whole", async () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
    assert.equal((await read(textFrame("é".repeat(length)))).length, length);
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 300 }), async (text) => {
      assert.equal(await read(textFrame(text)), text);
    }),
  );
});

const submission = {
  id: "019c0000-0000-7000-8000-000000000001",
  conversationId: "019c0000-0000-7000-8000-000000000002",
  senderId: "019c0000-0000-7000-8000-000000000003",
  deviceId: "019c0000-0000-7000-8000-000000000004",
  epoch: 3,
  body: "AAEC_-8",
  bytes: Buffer.from("AAEC_-8", "base64url"),
};

test("the hot path's frames say what the contract's say", async () => {
  const { bytes: _, ...fields } = submission;
  const message = { ...fields, kind: "application" as const, seq: 9, sentAt: 1_700_000_000_000 };
  const hot = JSON.parse(await read(applicationFrame(submission, 9, 1_700_000_000_000)));
  assert.deepEqual(hot, JSON.parse(await read(messageFrame(message))));
  assert.deepEqual(serverFrame.parse(hot), hot);
  const ack = JSON.parse(await read(ackFrame(submission, 9, 5)));
  assert.deepEqual(serverFrame.parse(ack), {
    t: "ack",
    id: submission.id,
    conversationId: submission.conversationId,
    seq: 9,
    sentAt: 5,
  });
});
