import type { Queryable } from "@rempart/database";
import { explain } from "@rempart/kernel";
import {
  CLOSE,
  type ConversationEvent,
  type MembershipChange,
  type Message,
  type ServerFrame,
} from "@rempart/messaging/contract";
import type { Logger } from "@rempart/runtime";
import type { Bus, BusMessage } from "../bus/bus.ts";
import type { Submission } from "../messages/append.ts";
import { readRange } from "../messages/read.ts";
import type { Connection } from "./connection.ts";
import { type LocalUser, type Topic, Topics } from "./topics.ts";
import { applicationFrame, encodeFrame, messageFrame, textFrame } from "./wire.ts";

/** A stored message as the sockets of this process need it. */
interface Delivery {
  readonly conversationId: string;
  readonly seq: number;
  /** The sending device learns the position from its acknowledgement. */
  readonly deviceId: string | null;
  readonly frame: () => Buffer;
  readonly change: MembershipChange | null;
  readonly event: ConversationEvent | null;
}

type Head = Extract<BusMessage, { kind: "heads" }>["heads"][number];

export interface HubOptions {
  database: Queryable;
  bus: Bus;
  log: Logger;
}

const FETCH_PAGE = 200;
const LIVE_RECEIPT_LISTENERS = 100;

/**
 * Hands what is stored to the sockets of this process, each conversation in the order of `seq`, each message once. What
 * this process stored itself needs no read; what others stored is read after their hint. Membership follows the stored
 * commits and events, so it changes at the same position for everyone.
 */
export class Hub {
  readonly topics = new Topics();
  readonly #options: HubOptions;
  #heads = new Map<string, Head>();
  /** Counts beats; topics note in which they moved. */
  beat = 1;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Adds a socket; from then on it misses nothing that is stored. */
  async attach(connection: Connection): Promise<void> {
    const rows = await this.#options.database.query<{ id: string; head_seq: number }>(
      `SELECT c.id, c.head_seq FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.user_id = $1 AND m.left_at IS NULL`,
      [connection.userId],
      { name: "hub-attach" },
    );
    if (!connection.open) return;
    const user = this.topics.ensureUser(connection.userId);
    user.connections.add(connection);
    for (const row of rows) this.topics.subscribe(user, this.topics.ensureTopic(row.id, row.head_seq));
  }

  /** Answers true when it was the user's last socket here. */
  detach(connection: Connection): boolean {
    const user = this.topics.user(connection.userId);
    if (user === undefined || !user.connections.delete(connection) || user.connections.size > 0) return false;
    this.topics.removeUser(user);
    return true;
  }

  isMember(userId: string, conversationId: string): boolean {
    const topic = this.topics.topic(conversationId);
    const user = this.topics.user(userId);
    return topic !== undefined && user !== undefined && topic.users.has(user);
  }

  /** An application message that this process stored. */
  stored(item: Submission, seq: number, sentAt: number): void {
    this.#note(item.conversationId, seq);
    this.#arrived({
      conversationId: item.conversationId,
      seq,
      deviceId: item.deviceId,
      frame: () => applicationFrame(item, seq, sentAt),
      change: null,
      event: null,
    });
  }

  /** A commit or an event that this process stored; `creator` when it is the first of a new conversation. */
  storedMessage(message: Message, creator?: string): void {
    const { conversationId: id, seq } = message;
    const head: Head = { id, seq };
    if (message.kind === "commit") head.added = message.change.addedUsers;
    if (creator !== undefined) {
      head.creator = creator;
      this.#introduce(creator, id, seq - 1);
    }
    this.#arrived(deliveryOf(message));
    this.#options.bus.publish({ kind: "heads", heads: [head] });
  }

  /** Tells the other processes what was stored since the last call. */
  publishHeads(): void {
    if (this.#heads.size === 0) return;
    const heads = [...this.#heads.values()];
    this.#heads = new Map();
    this.#options.bus.publish({ kind: "heads", heads });
  }

  /** A head that was heard of: from another process, or from the repairing poll. */
  hint({ id, seq, added = [], creator }: Head): void {
    if (creator !== undefined) this.#introduce(creator, id, seq - 1);
    const topic = this.topics.topic(id);
    if (topic !== undefined) {
      this.#want(topic, seq);
      return;
    }
    if (!added.some((userId) => this.topics.user(userId) !== undefined)) return;
    this.#want(this.topics.ensureTopic(id, seq - 1), seq);
  }

  /** A member listens from here on although no stored change says so. */
  #introduce(userId: string, conversationId: string, head: number): void {
    const user = this.topics.user(userId);
    if (user !== undefined) this.topics.subscribe(user, this.topics.ensureTopic(conversationId, head));
  }

  /** A frame that is not stored, to the members here and elsewhere. */
  toConversation(conversationId: string, frame: ServerFrame, except?: string): void {
    const text = JSON.stringify(frame);
    this.#toLocal(conversationId, text, except);
    const message: BusMessage = { kind: "topic", id: conversationId, frame: text };
    this.#options.bus.publish(except === undefined ? message : { ...message, except });
  }

  /** Receipts go out live in conversations of ordinary size; in larger ones everyone's receipt to everyone would drown the messages. */
  receipt(frame: Extract<ServerFrame, { t: "receipt" }>): void {
    const listeners = this.topics.topic(frame.conversationId)?.users.size ?? 0;
    if (listeners <= LIVE_RECEIPT_LISTENERS) this.toConversation(frame.conversationId, frame);
  }

  #toLocal(conversationId: string, text: string, except: string | undefined): void {
    const topic = this.topics.topic(conversationId);
    if (topic === undefined) return;
    const frame = textFrame(text);
    for (const user of topic.users) if (user.id !== except) writeToUser(user, frame);
  }

  /** Every process is told of the end of a session by itself. */
  endSession(sessionId: string): void {
    this.closeWhere((connection) => connection.sessionId === sessionId, CLOSE.unauthenticated);
  }

  revokeDevice(deviceId: string): void {
    this.#options.bus.publish({ kind: "device-revoked", id: deviceId });
    this.#closeDevice(deviceId);
  }

  /** What another process told. */
  receive(message: BusMessage): void {
    switch (message.kind) {
      case "heads":
        for (const head of message.heads) this.hint(head);
        break;
      case "topic":
        this.#toLocal(message.id, message.frame, message.except);
        break;
      case "device-revoked":
        this.#closeDevice(message.id);
        break;
      default:
        break;
    }
  }

  /** A user who joined or left while a hint was lost: what the database says counts. */
  repairMembership(conversationId: string, userId: string, active: boolean, head: number): void {
    const user = this.topics.user(userId);
    if (user === undefined || this.isMember(userId, conversationId) === active) return;
    const topic = this.topics.ensureTopic(conversationId, head);
    if (active) this.#join(topic, user);
    else this.#leave(topic, user);
  }

  #closeDevice(deviceId: string): void {
    this.closeWhere((connection) => connection.deviceId === deviceId, CLOSE.deviceRevoked);
  }

  closeWhere(matches: (connection: Connection) => boolean, code: number): void {
    for (const user of this.topics.allUsers) {
      for (const connection of user.connections) if (matches(connection)) connection.close(code);
    }
  }

  #note(id: string, seq: number): void {
    const head = this.#heads.get(id);
    if (head === undefined) this.#heads.set(id, { id, seq });
    else head.seq = Math.max(head.seq, seq);
  }

  #arrived(delivery: Delivery): void {
    const topic = this.topics.topic(delivery.conversationId) ?? this.#topicOfNewcomers(delivery);
    if (topic === undefined || delivery.seq <= topic.head) return;
    const next = delivery.seq === topic.head + 1 && !topic.fetching;
    if (next) this.#deliver(topic, delivery);
    else this.#want(topic, delivery.seq);
  }

  /** Nobody here listened yet, but the commit adds somebody who is connected. */
  #topicOfNewcomers({ conversationId, seq, change }: Delivery): Topic | undefined {
    const here = change?.addedUsers.some((id) => this.topics.user(id) !== undefined) ?? false;
    return here ? this.topics.ensureTopic(conversationId, seq - 1) : undefined;
  }

  #want(topic: Topic, seq: number): void {
    topic.wanted = Math.max(topic.wanted, seq);
    if (topic.head < topic.wanted && !topic.fetching) void this.#fetch(topic);
  }

  /** Reads and delivers until the head is where it should be. Gives up on an error: the next hint or poll tries again. */
  async #fetch(topic: Topic): Promise<void> {
    topic.fetching = true;
    try {
      while (topic.head < topic.wanted) {
        const { head, wanted } = topic;
        const page = await readRange(this.#options.database, topic.id, head, wanted, FETCH_PAGE);
        for (const message of page) this.#deliver(topic, deliveryOf(message));
        // A hint may promise more than there is.
        if (topic.head === head && topic.wanted === wanted) break;
      }
    } catch (error) {
      this.#options.log.warn({ error: explain(error) }, "messages could not be read for delivery");
    } finally {
      topic.wanted = topic.head;
      topic.fetching = false;
      this.topics.release(topic);
    }
  }

  #deliver(topic: Topic, delivery: Delivery): void {
    topic.head = delivery.seq;
    topic.wanted = Math.max(topic.wanted, delivery.seq);
    topic.movedAt = this.beat;
    const { change, event } = delivery;
    if (change === null && event === null) {
      broadcast(topic, delivery.frame(), delivery.deviceId);
      return;
    }
    this.#removeGone(topic, change?.removedUsers ?? (event?.type === "left" ? [event.userId] : []));
    broadcast(topic, delivery.frame(), delivery.deviceId);
    if (change !== null) this.#welcome(topic, change);
    broadcast(topic, encodeFrame({ t: "conversation", conversationId: topic.id }), null);
  }

  #removeGone(topic: Topic, userIds: readonly string[]): void {
    for (const id of userIds) {
      const user = this.topics.user(id);
      if (user !== undefined && topic.users.has(user)) this.#leave(topic, user);
    }
  }

  #leave(topic: Topic, user: LocalUser): void {
    writeToUser(user, encodeFrame({ t: "removed", conversationId: topic.id }));
    this.topics.unsubscribe(user, topic);
  }

  #welcome(topic: Topic, change: MembershipChange): void {
    for (const id of change.addedUsers) {
      const user = this.topics.user(id);
      if (user !== undefined) this.topics.subscribe(user, topic);
    }
    if (change.external || change.addedDevices.length === 0) return;
    const added = new Set(change.addedDevices);
    const frame = encodeFrame({ t: "welcome", conversationId: topic.id });
    for (const user of topic.users) {
      for (const connection of user.connections) if (added.has(connection.deviceId)) connection.write(frame);
    }
  }

  #join(topic: Topic, user: LocalUser): void {
    this.topics.subscribe(user, topic);
    writeToUser(user, encodeFrame({ t: "welcome", conversationId: topic.id }));
    writeToUser(user, encodeFrame({ t: "conversation", conversationId: topic.id }));
  }
}

function deliveryOf(message: Message): Delivery {
  return {
    conversationId: message.conversationId,
    seq: message.seq,
    deviceId: message.kind === "event" ? null : message.deviceId,
    frame: () => messageFrame(message),
    change: message.kind === "commit" ? message.change : null,
    event: message.kind === "event" ? message.event : null,
  };
}

function broadcast(topic: Topic, frame: Buffer, exceptDevice: string | null): void {
  for (const user of topic.users) {
    for (const connection of user.connections) {
      if (connection.deviceId !== exceptDevice) connection.write(frame);
    }
  }
}

function writeToUser(user: LocalUser, frame: Buffer): void {
  for (const connection of user.connections) connection.write(frame);
}
