/**
 * The WebSocket protocol: JSON text frames, one object a frame, `t` says which. The client names its device in the query
 * (`/ws?device=<uuid>`), and proves who it is with the session cookie or a one-time `ticket`.
 */
import { z } from "zod";
import { LIMITS } from "./limits.ts";
import { message } from "./models.ts";
import { base64url, epoch, seq, timestamp, uuid } from "./primitives.ts";
import { PROBLEMS, type ProblemCode } from "./problems.ts";

const problemCode = z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]);

/**
 * W3C Trace Context, 3.2, version 00: where in its own traces the client is. A server that follows traces links it; nothing else
 * depends on it.
 */
const traceparent = z
  .string()
  .length(55)
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

/** Of every frame of a client. */
const traced = { traceparent: traceparent.optional() };

export const sendFrame = z.strictObject({
  ...traced,
  t: z.literal("send"),
  /** Chosen by the client: sending it again is answered with the first placing, not stored twice. */
  id: uuid,
  conversationId: uuid,
  epoch,
  body: base64url(LIMITS.applicationMessageBytes),
});
export type SendFrame = z.infer<typeof sendFrame>;

export const receiptFrame = z.strictObject({
  ...traced,
  t: z.literal("receipt"),
  conversationId: uuid,
  delivered: seq.optional(),
  read: seq.optional(),
});

export const clientFrame = z.discriminatedUnion("t", [
  sendFrame,
  receiptFrame,
  z.strictObject({ ...traced, t: z.literal("typing"), conversationId: uuid, on: z.boolean() }),
  /** Whose presence the client shows now; replaces the earlier list. */
  z.strictObject({ ...traced, t: z.literal("watch"), userIds: z.array(uuid).max(200) }),
  z.strictObject({ ...traced, t: z.literal("ping") }),
]);
export type ClientFrame = z.infer<typeof clientFrame>;

export const serverFrame = z.discriminatedUnion("t", [
  z.strictObject({
    t: z.literal("ready"),
    userId: uuid,
    deviceId: uuid,
    incarnation: z.int(),
    serverTime: timestamp,
    heartbeatMs: z.int(),
  }),
  /** The message is durable: it survives the death of every process. */
  z.strictObject({ t: z.literal("ack"), id: uuid, conversationId: uuid, seq, sentAt: timestamp }),
  z.strictObject({
    t: z.literal("nack"),
    id: uuid,
    code: problemCode,
    /** With `stale-epoch`: the epoch the group is in. */
    epoch: epoch.optional(),
    /** With `rate-limited`: seconds to wait. */
    retryAfter: z.int().optional(),
  }),
  z.strictObject({ t: z.literal("message"), m: message }),
  z.strictObject({
    t: z.literal("receipt"),
    conversationId: uuid,
    userId: uuid,
    delivered: seq.optional(),
    read: seq.optional(),
  }),
  z.strictObject({ t: z.literal("typing"), conversationId: uuid, userId: uuid, on: z.boolean() }),
  z.strictObject({ t: z.literal("presence"), userId: uuid, online: z.boolean() }),
  /** A welcome waits for this device. */
  z.strictObject({ t: z.literal("welcome"), conversationId: uuid }),
  /** The conversation's members, devices or roles changed: read it again. */
  z.strictObject({ t: z.literal("conversation"), conversationId: uuid }),
  /** This user is not a member any more. */
  z.strictObject({ t: z.literal("removed"), conversationId: uuid }),
  /** Sent every `heartbeatMs`: heads that moved since the last beat, to repair a lost hint. */
  z.strictObject({ t: z.literal("beat"), heads: z.array(z.tuple([uuid, seq])) }),
  z.strictObject({ t: z.literal("pong") }),
  /** The socket fell too far behind and is closed after this frame: reconnect and fetch the gap. */
  z.strictObject({ t: z.literal("resync") }),
  z.strictObject({ t: z.literal("error"), code: problemCode, detail: z.string() }),
]);
export type ServerFrame = z.infer<typeof serverFrame>;

/** Close codes of our own (RFC 6455, section 7.4.2). */
export const CLOSE = {
  tooManyBadFrames: 4400,
  unauthenticated: 4401,
  deviceRevoked: 4403,
  resync: 4409,
  rateLimited: 4429,
} as const;
