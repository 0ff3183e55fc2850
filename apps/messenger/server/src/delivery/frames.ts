import type { Queryable } from "@rempart/database";
import type { RateLimitDecision, RateLimiter } from "@rempart/edge";
import { type Clock, explain } from "@rempart/kernel";
import { CLOSE, type ClientFrame, clientFrame, type SendFrame } from "@rempart/messaging/contract";
import type { Tracing } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";
import { acquaintances } from "../conversations/acquaintances.ts";
import type { Submission } from "../messages/append.ts";
import { isApplicationMessage } from "../messages/check.ts";
import type { ReceiptWriter } from "../messages/receipts.ts";
import type { MessageWriter } from "../messages/writer.ts";
import type { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { Presence } from "./presence.ts";
import { textFrame } from "./wire.ts";

/** After so many frames that make no sense the peer is no client of ours. */
const MAX_BAD_FRAMES = 10;

export interface FrameOptions {
  database: Queryable;
  hub: Hub;
  presence: Presence;
  writer: MessageWriter;
  receipts: ReceiptWriter;
  limiter: RateLimiter;
  /** Name of the limiter's policy for messages of one user. */
  messagePolicy: string;
  framesPerSecond: number;
  clock: Clock;
  log: Logger;
  tracing: Tracing;
  badFrame(): void;
  /** Told of a user who sends more than the policy lets through. */
  limited(userId: string, policy: string): void;
}

/** What a client may say on its socket. Every frame, however broken, is answered or ignored; none ends the process. */
export class Frames {
  readonly #options: FrameOptions;
  /** Of connections whose last message waits for a decision: the next is judged behind it, or they would change places. */
  readonly #deciding = new WeakMap<Connection, Promise<unknown>>();

  constructor(options: FrameOptions) {
    this.#options = options;
  }

  get burst(): number {
    return this.#options.framesPerSecond * 4;
  }

  received(connection: Connection, data: Buffer, isBinary: boolean): void {
    connection.heard = true;
    if (!this.#spend(connection)) {
      connection.close(CLOSE.rateLimited, "too many frames");
      return;
    }
    const frame = isBinary ? null : parse(data);
    if (frame === null) {
      this.#bad(connection);
      return;
    }
    const { tracing } = this.#options;
    const handle = (): unknown => this.#handle(connection, frame);
    tracing.message(frame.t, connection.origin, handle, frame.traceparent);
  }

  /** Answers a promise, which never rejects, where it goes on. */
  #handle(connection: Connection, frame: ClientFrame): unknown {
    switch (frame.t) {
      case "send":
        return this.#send(connection, frame);
      case "receipt":
        this.#receipt(connection, frame);
        return;
      case "typing":
        this.#typing(connection, frame.conversationId, frame.on);
        return;
      case "watch":
        return this.#watch(connection, frame.userIds);
      case "ping":
        connection.write(PONG);
        return;
    }
  }

  #send(connection: Connection, frame: SendFrame): unknown {
    const { limiter, messagePolicy } = this.#options;
    const decision = limiter.check(connection.userId, messagePolicy);
    const before = this.#deciding.get(connection);
    if (before === undefined && !(decision instanceof Promise))
      return this.#judged(connection, frame, decision);
    const sent = Promise.withResolvers<unknown>();
    const judged = Promise.all([decision, before])
      .then(
        ([later]) => sent.resolve(this.#judged(connection, frame, later)),
        () => sent.resolve(connection.send({ t: "nack", id: frame.id, code: "unavailable" })),
      )
      .finally(() => {
        if (this.#deciding.get(connection) === judged) this.#deciding.delete(connection);
      });
    this.#deciding.set(connection, judged);
    return sent.promise;
  }

  #judged(connection: Connection, frame: SendFrame, decision: RateLimitDecision): unknown {
    const { id, conversationId, epoch, body } = frame;
    if (!decision.allowed) {
      this.#options.limited(connection.userId, this.#options.messagePolicy);
      connection.send({ t: "nack", id, code: "rate-limited", retryAfter: decision.resetSeconds });
      return;
    }
    const bytes = Buffer.from(body, "base64url");
    if (!isApplicationMessage(bytes, conversationId, epoch)) {
      connection.send({ t: "nack", id, code: "malformed-mls" });
      return;
    }
    const { userId: senderId, deviceId } = connection;
    return this.#submit({ id, conversationId, senderId, deviceId, epoch, body, bytes }, connection);
  }

  /** Only a trace wants to know when it is settled: without one nothing is made to wait for it. */
  #submit(submission: Submission, connection: Connection): unknown {
    const { writer, tracing } = this.#options;
    if (tracing.hold === undefined) return writer.submit(submission, connection);
    const { promise, resolve } = Promise.withResolvers<void>();
    writer.submit(submission, {
      settled(settled, outcome) {
        connection.settled(settled, outcome);
        resolve();
      },
    });
    return promise;
  }

  #receipt(connection: Connection, frame: Extract<ClientFrame, { t: "receipt" }>): void {
    const { conversationId, delivered = 0, read = 0 } = frame;
    if (!this.#options.hub.isMember(connection.userId, conversationId)) {
      unknownConversation(connection);
      return;
    }
    const { userId, deviceId } = connection;
    this.#options.receipts.submit({ conversationId, userId, deviceId, delivered, read });
  }

  #typing(connection: Connection, conversationId: string, on: boolean): void {
    const { hub } = this.#options;
    const { userId } = connection;
    if (!hub.isMember(userId, conversationId)) {
      unknownConversation(connection);
      return;
    }
    hub.toConversation(conversationId, { t: "typing", conversationId, userId, on }, userId);
  }

  /** Presence is for people one shares a conversation with; others on the list are left out without a word. */
  async #watch(connection: Connection, userIds: readonly string[]): Promise<void> {
    const { database, presence, log } = this.#options;
    try {
      const acquainted = await acquaintances(database, connection.userId, userIds);
      if (connection.open) presence.watch(connection, acquainted);
    } catch (error) {
      log.warn({ error: explain(error) }, "presence could not be looked up");
      connection.send({ t: "error", code: "unavailable", detail: "watch" });
    }
  }

  #bad(connection: Connection): void {
    connection.badFrames += 1;
    this.#options.badFrame();
    connection.write(BAD_FRAME);
    if (connection.badFrames >= MAX_BAD_FRAMES)
      connection.close(CLOSE.tooManyBadFrames, "too many bad frames");
  }

  /** A token bucket for each socket: `framesPerSecond` on average, four seconds' worth at once. */
  #spend(connection: Connection): boolean {
    const now = this.#options.clock.monotonic();
    const earned = ((now - connection.countedAt) / 1000) * this.#options.framesPerSecond;
    connection.countedAt = now;
    connection.budget = Math.min(this.burst, connection.budget + earned) - 1;
    return connection.budget >= 0;
  }
}

const PONG = textFrame('{"t":"pong"}');
const BAD_FRAME = textFrame('{"t":"error","code":"bad-frame","detail":"not a frame of this protocol"}');
const UNKNOWN = textFrame('{"t":"error","code":"unknown-conversation","detail":"no conversation of yours"}');

function unknownConversation(connection: Connection): void {
  connection.write(UNKNOWN);
}

/** Null for anything the contract does not know. The size was bounded by the socket. */
function parse(data: Buffer): ClientFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch {
    return null;
  }
  const parsed = clientFrame.safeParse(value);
  return parsed.success ? parsed.data : null;
}
