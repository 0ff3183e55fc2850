import type { Message, ServerFrame } from "@rempart/messaging/contract";
import type { Submission } from "../messages/append.ts";

const FINAL_TEXT = 0x81;
const FINAL_PING = 0x89;

/** An unmasked WebSocket text frame (RFC 6455, section 5.2), ready for any number of sockets. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL_TEXT;
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header, "utf8");
  return frame;
}

export const PING: Buffer = Buffer.from([FINAL_PING, 0]);

export function encodeFrame(frame: ServerFrame): Buffer {
  return textFrame(JSON.stringify(frame));
}

export function messageFrame(message: Message): Buffer {
  return textFrame(`{"t":"message","m":${JSON.stringify(message)}}`);
}

/**
 * The same frame for a message on the hot path. Ids are UUIDs and the body is base64url, so nothing needs escaping; a test
 * holds it to `messageFrame`.
 */
export function applicationFrame(item: Submission, seq: number, sentAt: number): Buffer {
  return textFrame(
    `{"t":"message","m":{"id":"${item.id}","conversationId":"${item.conversationId}","seq":${seq},` +
      `"senderId":"${item.senderId}","sentAt":${sentAt},"deviceId":"${item.deviceId}","epoch":${item.epoch},` +
      `"body":"${item.body}","kind":"application"}}`,
  );
}

export function ackFrame(item: Submission, seq: number, sentAt: number): Buffer {
  return textFrame(
    `{"t":"ack","id":"${item.id}","conversationId":"${item.conversationId}","seq":${seq},"sentAt":${sentAt}}`,
  );
}
