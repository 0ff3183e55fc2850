import type { ClientFrame, ServerFrame } from "@rempart/messaging/contract";
import type { FailureCode } from "../../client/api.ts";
import { CoreError, failsWith, failureCode, isTransient } from "../errors.ts";
import { backoff } from "../net/backoff.ts";
import type { Serial } from "../serial.ts";
import type { OutboxRecord } from "../storage/records.ts";
import { changeGroup, settle } from "./change.ts";
import { rejoin } from "./join.ts";
import { refresh, type Stage } from "./stage.ts";

type Ack = Extract<ServerFrame, { t: "ack" }>;
type Nack = Extract<ServerFrame, { t: "nack" }>;

/** Asking again is safe: the id makes it one message. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Answers that mend themselves are tried this often before the message is shown as failed. */
const MOST_ATTEMPTS = 12;

/** Sends one conversation's outbox, strictly in order: the next message leaves after the one before was placed. */
export interface Sender {
  /** There may be something to send, and a way to. */
  pump(): void;
  answered(frame: Ack | Nack): void;
  /** The connection went: what was on its way is sent again on the next one. */
  disconnected(): void;
  inFlight(): string | null;
  stop(): void;
}

export interface SenderEvents {
  /** A message was placed; its record says where. */
  placed(record: OutboxRecord): void;
  changed(): void;
}

type Answer = Ack | Nack | "none";

export function createSender(stage: Stage, queue: Serial, events: SenderEvents): Sender {
  const { deps, store } = stage;
  let pumping = false;
  let stopped = false;
  let current: string | null = null;
  let resolveAnswer: (answer: Answer) => void = () => undefined;
  let cancelWait = (): void => undefined;

  const next = (): OutboxRecord | undefined =>
    store.state().outbox.find(({ placed, failure }) => placed === null && failure === null);
  const canSend = (): boolean => !stopped && deps.online() && store.state().place.active;

  const transmit = (frame: ClientFrame): Promise<Answer> =>
    new Promise((resolve) => {
      const cancel = deps.ports.timers.after(ANSWER_TIMEOUT_MS, () => resolve("none"));
      resolveAnswer = (answer) => {
        cancel();
        resolve(answer);
      };
      if (!deps.send(frame)) resolveAnswer("none");
    });

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = deps.ports.timers.after(milliseconds, resolve);
      cancelWait = () => {
        cancel();
        resolve();
      };
    });

  const setCurrent = (id: string | null): void => {
    if (current === id) return;
    current = id;
    events.changed();
  };

  const fail = (id: string, failure: FailureCode): Promise<void> =>
    store.update(({ outbox }) => ({
      outbox: outbox.map((record) => (record.id === id ? { ...record, failure } : record)),
    }));

  const place = async (id: string, { seq, sentAt }: Ack): Promise<void> => {
    await store.update(({ outbox }) => ({
      outbox: outbox.map((record) =>
        record.id === id ? { ...record, placed: { seq, at: sentAt } } : record,
      ),
    }));
    const record = store.state().outbox.find((candidate) => candidate.id === id);
    if (record !== undefined) events.placed(record);
  };

  /** One attempt. True when the message is settled, one way or the other. */
  const attempt = async (id: string): Promise<boolean> => {
    const frame = await queue(() => prepare(stage, id));
    if (frame === null) return true;
    const answer = await transmit(frame);
    if (answer === "none") return false;
    if (answer.t === "ack") {
      await place(id, answer);
      return true;
    }
    await mend(stage, queue, answer);
    return false;
  };

  const sendOne = async (id: string): Promise<void> => {
    for (let count = 0; count < MOST_ATTEMPTS && canSend(); count += 1) {
      try {
        if (await attempt(id)) return;
      } catch (error) {
        if (failsWith(error, "fenced", "closed", "storage-full")) throw error;
        if (!isTransient(error)) {
          await fail(id, failureCode(error));
          return;
        }
        const seconds = error instanceof CoreError ? error.retryAfterSeconds : undefined;
        await pause(seconds === undefined ? backoff(count, deps.ports.random) : seconds * 1000);
      }
    }
    if (canSend()) await fail(id, "timeout");
  };

  const run = async (): Promise<void> => {
    for (let record = next(); record !== undefined && canSend(); record = next()) {
      setCurrent(record.id);
      await sendOne(record.id);
    }
  };

  return {
    pump() {
      if (pumping || !canSend() || next() === undefined) return;
      pumping = true;
      run()
        .catch((error: unknown) => deps.ports.report("send-failed", error))
        .finally(() => {
          pumping = false;
          setCurrent(null);
        });
    },
    answered(frame) {
      if (frame.id === current) resolveAnswer(frame);
    },
    disconnected() {
      resolveAnswer("none");
      cancelWait();
    },
    inFlight: () => current,
    stop() {
      stopped = true;
      resolveAnswer("none");
      cancelWait();
    },
  };
}

/** Makes a message ready to leave: sealed in the group's present epoch, saved with the moved ratchet. Null: it is gone. */
async function prepare(stage: Stage, id: string): Promise<ClientFrame | null> {
  const { deps, store } = stage;
  if (store.state().group === null) {
    await rejoin(stage);
    await settle(stage);
  }
  if (store.state().roster.orphans.length > 0) await removeOrphans(stage);
  const { group, outbox } = store.state();
  const record = outbox.find((candidate) => candidate.id === id);
  if (record === undefined || record.placed !== null) return null;
  if (group === null) throw new CoreError("device-not-in-group", "This device is not in the group");
  if (record.sealed?.epoch === group.epoch) return frameOf(record, record.sealed);
  const made = await deps.mls.encrypt(group, record);
  const sealed = { epoch: group.epoch, body: made.body };
  await store.update((state) => ({
    group: made.group,
    outbox: state.outbox.map((candidate) => (candidate.id === id ? { ...candidate, sealed } : candidate)),
  }));
  deps.mls.release([made.consumed]);
  return frameOf(record, sealed);
}

function frameOf(record: OutboxRecord, sealed: { epoch: number; body: string }): ClientFrame {
  return { t: "send", id: record.id, conversationId: record.conversationId, ...sealed };
}

/** Devices that left or were revoked go before the next message, so that what they could read ends with the commit. */
function removeOrphans(stage: Stage): Promise<void> {
  return changeGroup(stage, { addUsers: [], removeUsers: [], keyPackages: [] });
}

/** @throws CoreError when the refusal cannot be mended. */
async function mend(stage: Stage, queue: Serial, { code, retryAfter }: Nack): Promise<void> {
  switch (code) {
    case "stale-epoch":
      return queue(() => mendEpoch(stage));
    case "pending-removals":
      return queue(async () => {
        await refresh(stage);
        await removeOrphans(stage);
      });
    case "device-not-in-group":
      return queue(async () => {
        await rejoin(stage);
        await settle(stage);
      });
    default:
      throw new CoreError(code, "The server refused the message", {
        details: { retryAfterSeconds: retryAfter },
      });
  }
}

/** The commits in between are read; when that does not lead to the server's epoch, the group is joined anew. */
async function mendEpoch(stage: Stage): Promise<void> {
  await settle(stage);
  const { epoch } = await refresh(stage);
  if (stage.store.state().group?.epoch === epoch) return;
  await rejoin(stage);
  await settle(stage);
}
