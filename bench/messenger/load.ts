/**
 * The load: senders and receivers on raw sockets. Closed loop finds saturation (each sender keeps a fixed number in
 * flight); open loop holds a rate, and counts a message's latency from the moment it was due, so that a stalled server
 * cannot hide its stall (coordinated omission).
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { openWire, textFrame, type Wire } from "./wire.ts";

export interface Participant {
  readonly userId: string;
  readonly deviceId: string;
  readonly cookie: string;
}

/** One conversation, its sender, everybody who receives, and a ciphertext that is valid in its epoch. */
export interface Room {
  readonly conversationId: string;
  readonly epoch: number;
  readonly sender: Participant;
  readonly receivers: readonly Participant[];
  readonly body: string;
}

export type Pace = { readonly inFlight: number } | { readonly perSecond: number };

export interface LoadResult {
  /** Messages acknowledged as durable, a second. */
  acknowledged: number;
  /** Frames that reached receivers, a second. */
  deliveries: number;
  ackMs: readonly number[];
  /** From sending to the last receiver. */
  lastDeliveryMs: readonly number[];
  refused: number;
}

interface Flight {
  readonly dueAt: number;
  /** Answers still to come: the acknowledgement and one delivery a receiver, in whatever order. */
  waiting: number;
  deliveriesLeft: number;
}

const ID = '"id":"';
const ID_CHARACTERS = 36;
const COUNTER_OFFSET = 24;
const RUN = Math.floor(Math.random() * 0xffff_ffff)
  .toString(16)
  .padStart(8, "0");

function messageId(counter: number): string {
  return `${RUN}-0000-7000-8000-${counter.toString(16).padStart(12, "0")}`;
}

/** The counter inside the first `"id"` of a frame; -1 for an id of another run. */
function counterIn(payload: Buffer): number {
  const at = payload.indexOf(ID) + ID.length;
  const id = payload.toString("latin1", at, at + ID_CHARACTERS);
  return id.startsWith(RUN) ? Number.parseInt(id.slice(COUNTER_OFFSET), 16) : -1;
}

function isFrame(payload: Buffer, type: string): boolean {
  const start = `{"t":"${type}"`;
  return payload.toString("latin1", 0, start.length) === start;
}

let nextCounter = 0;

/** What is on its way, and what was seen while measuring. */
class Tally {
  readonly ackMs: number[] = [];
  readonly lastDeliveryMs: number[] = [];
  readonly flights = new Map<number, Flight>();
  measuring = false;
  acknowledged = 0;
  deliveries = 0;
  refused = 0;

  acknowledge(payload: Buffer): void {
    if (this.measuring) this.acknowledged += 1;
    const flight = this.#arrived(payload);
    if (flight !== undefined && this.measuring) this.ackMs.push(performance.now() - flight.dueAt);
  }

  deliver(payload: Buffer): void {
    if (!isFrame(payload, "message")) return;
    if (this.measuring) this.deliveries += 1;
    const flight = this.#arrived(payload);
    if (flight === undefined) return;
    flight.deliveriesLeft -= 1;
    if (flight.deliveriesLeft === 0 && this.measuring)
      this.lastDeliveryMs.push(performance.now() - flight.dueAt);
  }

  #arrived(payload: Buffer): Flight | undefined {
    const counter = counterIn(payload);
    const flight = this.flights.get(counter);
    if (flight === undefined) return undefined;
    flight.waiting -= 1;
    if (flight.waiting === 0) this.flights.delete(counter);
    return flight;
  }
}

export async function runLoad(
  port: number,
  rooms: readonly Room[],
  pace: Pace,
  seconds: number,
): Promise<LoadResult> {
  const tally = new Tally();
  const senders: Wire[] = [];
  const templates = rooms.map(frameOf);
  let sending = true;

  const send = (room: number, dueAt: number) => {
    nextCounter += 1;
    const deliveriesLeft = (rooms[room] as Room).receivers.length;
    tally.flights.set(nextCounter, { dueAt, deliveriesLeft, waiting: deliveriesLeft + 1 });
    (senders[room] as Wire).send((templates[room] as Template).withId(messageId(nextCounter)));
  };
  const answered = (room: number, payload: Buffer) => {
    if (isFrame(payload, "ack")) tally.acknowledge(payload);
    else if (isFrame(payload, "nack")) tally.refused += 1;
    else return;
    if (sending && "inFlight" in pace) send(room, performance.now());
  };

  const wires = await openAll(port, rooms, (payload) => tally.deliver(payload), answered, senders);
  const pacer = "perSecond" in pace ? paced(rooms.length, pace.perSecond, send) : null;
  if ("inFlight" in pace) {
    for (let i = 0; i < pace.inFlight * rooms.length; i += 1) send(i % rooms.length, performance.now());
  }

  await sleep(WARM_UP_MS);
  const elapsed = await measuredSeconds(tally, seconds);
  sending = false;
  pacer?.stop();
  await sleep(DRAIN_MS);
  for (const wire of wires) wire.close();
  return {
    acknowledged: tally.acknowledged / elapsed,
    deliveries: tally.deliveries / elapsed,
    ackMs: tally.ackMs,
    lastDeliveryMs: tally.lastDeliveryMs,
    refused: tally.refused,
  };
}

/** Opening hundreds of sockets leaves garbage and cold code behind. */
const WARM_UP_MS = 3000;
const DRAIN_MS = 500;

async function measuredSeconds(tally: { measuring: boolean }, seconds: number): Promise<number> {
  const startedAt = performance.now();
  tally.measuring = true;
  await sleep(seconds * 1000);
  tally.measuring = false;
  return (performance.now() - startedAt) / 1000;
}

interface Template {
  withId(id: string): Buffer;
}

function frameOf(room: Room): Template {
  const text = JSON.stringify({
    t: "send",
    id: messageId(0),
    conversationId: room.conversationId,
    epoch: room.epoch,
    body: room.body,
  });
  const frame = textFrame(text);
  const at = frame.indexOf(ID) + ID.length;
  return {
    withId(id) {
      const copy = Buffer.from(frame);
      copy.write(id, at, "latin1");
      return copy;
    },
  };
}

/** Opens a socket for every participant once, whatever number of rooms they are in. */
async function openAll(
  port: number,
  rooms: readonly Room[],
  delivered: (payload: Buffer) => void,
  answered: (room: number, payload: Buffer) => void,
  senders: Wire[],
): Promise<Wire[]> {
  const wires: Wire[] = [];
  const open = async (who: Participant, onText: (payload: Buffer) => void) => {
    const wire = await openSocket(port, who, onText);
    wires.push(wire);
    return wire;
  };
  for (const [index, room] of rooms.entries()) {
    senders[index] = await open(room.sender, (payload) => answered(index, payload));
    for (const receiver of room.receivers) await open(receiver, delivered);
  }
  return wires;
}

export function openSocket(port: number, who: Participant, onText: (payload: Buffer) => void): Promise<Wire> {
  return openWire({
    port,
    path: `/ws?device=${who.deviceId}`,
    headers: { Cookie: who.cookie, Origin: `http://localhost:${port}` },
    onText,
  });
}

/** Sends `perSecond` messages over the rooms in turn, catching up after a late timer. */
function paced(
  rooms: number,
  perSecond: number,
  send: (room: number, dueAt: number) => void,
): { stop(): void } {
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
    for (; sent < due; sent += 1) send(sent % rooms, startedAt + (sent * 1000) / perSecond);
  }, 1);
  return { stop: () => clearInterval(timer) };
}

/** Deliveries a second of the bare fan-out: one publisher keeps `inFlight` frames of `frameBytes` on their way. */
export async function runBareFanout(
  port: number,
  subscribers: number,
  frameBytes: number,
  seconds: number,
  inFlight = 8,
): Promise<number> {
  const tally = { measuring: false, deliveries: 0 };
  let sending = true;
  let arrived = 0;
  const frame = textFrame("x".repeat(frameBytes));
  const publisher = await openWire({ port, path: "/publish", onText: () => undefined });
  const wires = await Promise.all(
    Array.from({ length: subscribers }, () =>
      openWire({
        port,
        path: "/subscribe",
        onText: () => {
          if (tally.measuring) tally.deliveries += 1;
          arrived += 1;
          if (sending && arrived % subscribers === 0) publisher.send(frame);
        },
      }),
    ),
  );
  for (let i = 0; i < inFlight; i += 1) publisher.send(frame);
  await sleep(DRAIN_MS);
  const elapsed = await measuredSeconds(tally, seconds);
  sending = false;
  await sleep(DRAIN_MS);
  for (const wire of [publisher, ...wires]) wire.close();
  return tally.deliveries / elapsed;
}
