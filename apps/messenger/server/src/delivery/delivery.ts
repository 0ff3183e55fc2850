import type { Database } from "@rempart/database";
import type { RateLimiter } from "@rempart/edge";
import type { Identity } from "@rempart/identity";
import { type Clock, explain } from "@rempart/kernel";
import type { Tracing } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";
import type { Bus } from "../bus/bus.ts";
import type { LimitsConfig } from "../config.ts";
import { ReceiptWriter } from "../messages/receipts.ts";
import { MessageWriter } from "../messages/writer.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type FrameOptions, Frames } from "./frames.ts";
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
  tracing: Tracing;
  metrics: Metrics;
  limited: FrameOptions["limited"];
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
  const { database, bus, clock, log, identity } = options;
  const hub = new Hub({ database, bus, log });
  const presence = new Presence(bus, clock);
  const heartbeat = new Heartbeat(hub, clock, ({ sessionId }) => identity.touch(sessionId));
  const writer = createWriter(options, hub);
  const receipts = createReceipts(options, hub);
  const frames = createFrames(options, { hub, presence, writer, receipts });
  const { socketsPerUser } = options.limits;
  const gateway = new Gateway({ ...options, hub, presence, heartbeat, frames, socketsPerUser });
  const repair = new Repair(hub, database, clock);
  const parts = { hub, presence, heartbeat, writer, receipts, gateway, repair };
  return { hub, writer, receipts, gateway, ...lifeOf(options, parts) };
}

function createWriter({ database, clock, log, metrics, tracing }: DeliveryOptions, hub: Hub): MessageWriter {
  return new MessageWriter({
    database,
    clock,
    log,
    ...(tracing.hold === undefined ? {} : { hold: tracing.hold }),
    placed(submission, seq, sentAt) {
      metrics.messageStored("application");
      if (tracing.hold === undefined) hub.stored(submission, seq, sentAt);
      else tracing.message("deliver", tracing.origin(), () => hub.stored(submission, seq, sentAt));
    },
    flushed: () => hub.publishHeads(),
  });
}

function createReceipts({ database, clock, log }: DeliveryOptions, hub: Hub): ReceiptWriter {
  return new ReceiptWriter({
    database,
    clock,
    log,
    progressed(progress) {
      for (const one of progress) hub.receipt({ t: "receipt", ...one });
    },
  });
}

function createFrames(
  { limits, metrics, ...options }: DeliveryOptions,
  parts: Pick<FrameOptions, "hub" | "presence" | "writer" | "receipts">,
): Frames {
  const framesPerSecond = Math.max(LEAST_FRAMES_PER_SECOND, (2 * limits.messages) / limits.windowSeconds);
  return new Frames({ ...options, ...parts, framesPerSecond, badFrame: metrics.badFrame });
}

interface Living {
  readonly hub: Hub;
  readonly presence: Presence;
  readonly heartbeat: Heartbeat;
  readonly writer: MessageWriter;
  readonly receipts: ReceiptWriter;
  readonly gateway: Gateway;
  readonly repair: Repair;
}

function lifeOf({ bus, identity, log }: DeliveryOptions, parts: Living): Pick<Delivery, "start" | "stop"> {
  const { hub, presence, heartbeat, writer, receipts, gateway, repair } = parts;
  const timers: NodeJS.Timeout[] = [];
  let forgetSessions = (): void => undefined;
  const poll = (): void => {
    repair.poll().catch((error) => log.warn({ error: explain(error) }, "the repairing poll failed"));
  };
  return {
    async start() {
      bus.listen((message, from) => {
        hub.receive(message);
        presence.receive(message, from);
      });
      await bus.open();
      presence.announce();
      forgetSessions = identity.onSessionEnded(({ sessionId }) => hub.endSession(sessionId));
      heartbeat.start();
      timers.push(setInterval(poll, REPAIR_MS).unref());
      timers.push(setInterval(() => presence.tick(), ALIVE_MS).unref());
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
