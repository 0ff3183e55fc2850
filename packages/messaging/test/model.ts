/** A server and an executor as small as they can be, to try the client's transitions against every disorder. */

import {
  type CommitPurpose,
  type ConversationState,
  type Durable,
  durable,
  type Effect,
  type Input,
  newConversation,
  restore,
  step,
} from "../src/client/index.ts";
import type { Message, ProblemCode } from "../src/contract/index.ts";
import { CONVERSATION, uuid } from "./party.ts";

const ME = { userId: uuid(1), deviceId: uuid(0x10001) };
const PEER = { userId: uuid(2), deviceId: uuid(0x10002) };
const NO_CHANGE = { addedUsers: [], removedUsers: [], addedDevices: [], removedDevices: [], external: false };

export class ModelServer {
  readonly log: Message[] = [];
  epoch = 1;
  hasOrphans = false;
  knowsDevice = true;
  /** False while the peer has no device in the group. */
  peerReads = true;
  /** Epochs in which nobody could read what the client says. */
  readonly readerless = new Set<number>();
  private ids = 100;

  freshId(): string {
    this.ids += 1;
    return uuid(this.ids);
  }

  seqOf(id: string): number | null {
    return this.log.find((message) => message.id === id)?.seq ?? null;
  }

  private append(from: typeof ME, id: string, kind: "application" | "commit"): Message {
    const seq = this.log.length + 1;
    const base = { id, conversationId: CONVERSATION, seq, senderId: from.userId, sentAt: seq, body: "AA" };
    const placed = { ...base, deviceId: from.deviceId, epoch: this.epoch };
    const message: Message =
      kind === "application" ? { ...placed, kind } : { ...placed, kind, change: { ...NO_CHANGE } };
    this.log.push(message);
    return message;
  }

  peerSays(): Message {
    return this.append(PEER, this.freshId(), "application");
  }

  peerCommits(): Message {
    const message = this.append(PEER, this.freshId(), "commit");
    this.moveOn();
    this.hasOrphans = false;
    return message;
  }

  /** With the last of the peer's devices, or the first. */
  peerMoves(reads: boolean): Message {
    this.peerReads = reads;
    return this.peerCommits();
  }

  private moveOn(): void {
    this.epoch += 1;
    if (!this.peerReads) this.readerless.add(this.epoch);
  }

  send(id: string, epoch: number): Input {
    const known = this.seqOf(id);
    if (known !== null) return { type: "ack", id, seq: known };
    const code = this.refusal(epoch);
    if (code !== null) return { type: "nack", id, code };
    return { type: "ack", id, seq: this.append(ME, id, "application").seq };
  }

  private refusal(epoch: number): ProblemCode | null {
    if (!this.knowsDevice) return "device-not-in-group";
    if (epoch !== this.epoch) return "stale-epoch";
    return this.hasOrphans ? "pending-removals" : null;
  }

  place(id: string, epoch: number, purpose: CommitPurpose): Input {
    const known = this.seqOf(id);
    if (known !== null) return { type: "placed", id, seq: known };
    if (epoch !== this.epoch) return { type: "commit-refused", id, code: "stale-epoch" };
    const { seq } = this.append(ME, id, "commit");
    this.moveOn();
    if (purpose === "rejoin") this.knowsDevice = true;
    else this.hasOrphans = false;
    return { type: "placed", id, seq };
  }

  page(after: number, limit: number): Input {
    const messages = this.log.slice(after, after + limit);
    return { type: "page", after, messages, head: this.log.length, reset: after > this.log.length };
  }
}

export interface Shown {
  readonly seq: number;
  readonly id: string;
  readonly lost: boolean;
}

interface Saved {
  readonly state: Durable;
  /** The epoch the saved group really is in. */
  readonly groupEpoch: number | null;
  readonly pending: { readonly id: string; readonly epoch: number; readonly purpose: CommitPurpose } | null;
  readonly shown: readonly Shown[];
}

/** Something that will happen if nothing prevents it: an effect to carry out, or an answer on its way. */
type Task = { kind: "effect"; effect: Effect } | { kind: "answer"; input: Input };

export class ModelClient {
  readonly server: ModelServer;
  saved: Saved;
  state: ConversationState;
  tasks: Task[] = [];
  failures: string[] = [];
  dones: string[] = [];
  transmitted = 0;
  private isBroken = false;

  constructor(server: ModelServer) {
    this.server = server;
    this.state = newConversation(CONVERSATION, ME.deviceId);
    this.saved = { state: durable(this.state), groupEpoch: null, pending: null, shown: [] };
    this.take({ type: "joined", seq: 0, epoch: 1 }, { groupEpoch: 1 });
  }

  /** One input, saved with what came with it, then its effects queued. */
  take(input: Input, withIt: Partial<Omit<Saved, "state">> = {}): void {
    const next = step(this.state, input);
    this.state = next.state;
    this.saved = { ...this.saved, ...withIt, state: structuredClone(durable(next.state)) };
    for (const effect of next.effects) this.tasks.push({ kind: "effect", effect });
  }

  crash(): void {
    this.tasks = [];
    this.state = restore(structuredClone(this.saved.state), ME.deviceId);
  }

  /** The group's keys stop fitting: a lost save, a restored disk. */
  breakGroup(): void {
    this.isBroken = true;
  }

  disconnect(): void {
    this.tasks = this.tasks.filter((task) => task.kind === "effect" && !isNetwork(task.effect));
    this.take({ type: "disconnected" });
  }

  perform(index: number): void {
    const [task] = this.tasks.splice(index % Math.max(1, this.tasks.length), 1);
    if (task === undefined) return;
    if (task.kind === "answer") this.take(task.input);
    else this.execute(task.effect);
  }

  private answer(input: Input): void {
    this.tasks.push({ kind: "answer", input });
  }

  private execute(effect: Effect): void {
    switch (effect.type) {
      case "fetch":
        this.answer(this.server.page(effect.after, 3));
        return;
      case "transmit":
        this.transmitted += 1;
        this.answer(this.server.send(effect.id, effect.epoch));
        return;
      case "place": {
        const { pending } = this.saved;
        if (pending?.id === effect.id)
          this.answer(this.server.place(pending.id, pending.epoch, pending.purpose));
        return;
      }
      case "open":
        this.open(effect);
        return;
      case "seal":
        this.seal(effect.id, this.saved.groupEpoch ?? -1);
        return;
      case "build":
        this.build(effect.purpose);
        return;
      case "drop":
        if (this.saved.pending?.id === effect.id) this.saved = { ...this.saved, pending: null };
        return;
      case "wake":
        this.take({ type: "time", now: effect.at });
        return;
      case "done":
        this.dones.push(effect.id);
        return;
      case "failed":
        this.failures.push(effect.id);
        return;
      case "rewind":
        this.saved = { ...this.saved, shown: this.saved.shown.filter(({ seq }) => seq <= effect.head) };
        return;
      case "receipt":
    }
  }

  private seal(id: string, epoch: number): void {
    if (this.server.readerless.has(epoch)) this.take({ type: "no-readers", id });
    else this.take({ type: "sealed", id, epoch, body: "AA" });
  }

  private open({ how, message }: Extract<Effect, { type: "open" }>): void {
    const { groupEpoch, pending, shown } = this.saved;
    const { seq, id } = message;
    const opened = (epoch: number | null, withIt: Partial<Omit<Saved, "state">>) =>
      this.take({ type: "opened", seq, epoch }, { groupEpoch: epoch, ...withIt });
    const show = (lost: boolean) => ({ shown: [...shown, { seq, id, lost }] });
    switch (how) {
      case "decrypt":
      case "follow": {
        if (message.kind === "event" || this.isBroken || message.epoch !== groupEpoch) {
          this.isBroken = false;
          this.take({ type: "out-of-step", seq }, { groupEpoch: null });
          return;
        }
        if (how === "decrypt") opened(groupEpoch, show(false));
        else opened(groupEpoch + 1, {});
        return;
      }
      case "own":
        opened(groupEpoch, show(false));
        return;
      case "lost":
        opened(groupEpoch, show(true));
        return;
      case "adopt":
        opened((pending?.epoch ?? -2) + 1, { pending: null });
        return;
      case "note":
        opened(groupEpoch, {});
        return;
    }
  }

  private build(purpose: CommitPurpose): void {
    if (purpose === "removals" && !this.server.hasOrphans) {
      this.take({ type: "nothing-to-build", purpose });
      return;
    }
    const epoch = purpose === "rejoin" ? this.server.epoch : (this.saved.groupEpoch ?? -1);
    const id = this.server.freshId();
    this.take({ type: "built", id, purpose }, { pending: { id, epoch, purpose } });
  }
}

function isNetwork(effect: Effect): boolean {
  return effect.type === "fetch" || effect.type === "transmit" || effect.type === "place";
}
