import type { Database } from "@rempart/database";
import type { RateLimiter } from "@rempart/edge";
import type { Identity } from "@rempart/identity";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Bus } from "../bus/bus.ts";
import type { LimitsConfig } from "../config.ts";
import { ReceiptWriter } from "../messages/receipts.ts";
import { MessageWriter } from "../messages/writer.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { Frames } from "./frames.ts";
import { Gateway } from "./gateway.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Hub } from "./hub.ts";
import { Presence } from "./presence.ts";
import { Repair } from "./repair.ts";

export interface DeliveryOptions {
  database: Database;
  identity: Identity;
  bus: Bus;
  limiter: RateLimiter;
  messagePolicy: string;
  limits: LimitsConfig;
  incarnation: number;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

const REPAIR_MS = 15_000;
const ALIVE_MS = 10_000;
/** Frames a socket may send each second on average, whatever the limit of messages. */
const LEAST_FRAMES_PER_SECOND = 50;

/** Everything between a stored message and the sockets, wired together. */
export interface Delivery {
  readonly hub: Hub;
  readonly writer: MessageWriter;
  readonly receipts: ReceiptWriter;
  readonly gateway: Gateway;
  start(): Promise<void>;
  /** Says goodbye to the sockets, writes what was accepted, leaves the bus. */
  stop(): Promise<void>;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { database, identity, bus, clock, log, metrics, limits } = options;
  const hub = new Hub({ database, bus, log });
  const presence = new Presence(bus, clock);
  const heartbeat = new Heartbeat(hub, clock, ({ sessionId }) => identity.touch(sessionId));
  const writer = new MessageWriter({
    database,
    clock,
    log,
    placed(submission, seq, sentAt) {
      metrics.messageStored("application");
      hub.stored(submission, seq, sentAt);
    },
    flushed: () => hub.publishHeads(),
  });
  const receipts = new ReceiptWriter({
    database,
    clock,
    log,
    progressed(progress) {
      for (const { conversationId, userId, delivered, read } of progress) {
        hub.receipt({ t: "receipt", conversationId, userId, delivered, read });
      }
    },
  });
  const framesPerSecond = Math.max(LEAST_FRAMES_PER_SECOND, (2 * limits.messages) / limits.windowSeconds);
  const { limiter, messagePolicy, incarnation } = options;
  const frames = new Frames({
    database,
    hub,
    presence,
    writer,
    receipts,
    limiter,
    messagePolicy,
    framesPerSecond,
    clock,
    log,
    badFrame: metrics.badFrame,
  });
  const { socketsPerUser } = limits;
  const gateway = new Gateway({
    database,
    identity,
    hub,
    presence,
    heartbeat,
    frames,
    clock,
    log,
    incarnation,
    socketsPerUser,
  });
  const repair = new Repair(hub, database, clock);
  const timers: NodeJS.Timeout[] = [];
  let forgetSessions = (): void => undefined;

  const poll = (): void => {
    repair.poll().catch((error) => log.warn({ error: explain(error) }, "the repairing poll failed"));
  };

  return {
    hub,
    writer,
    receipts,
    gateway,
    async start() {
      bus.listen((message, from) => {
        hub.receive(message);
        presence.receive(message, from);
      });
      await bus.open();
      presence.announce();
      forgetSessions = identity.onSessionEnded(({ sessionId }) => hub.endSession(sessionId));
      heartbeat.start();
      timers.push(setInterval(poll, REPAIR_MS).unref(), setInterval(() => presence.tick(), ALIVE_MS).unref());
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      heartbeat.stop();
      await gateway.stop();
      await writer.drain();
      await receipts.flush();
      forgetSessions();
      await bus.close();
    },
  };
}
