import { LIMITS, type Message } from "@rempart/messaging/contract";
import { CoreError } from "../errors.ts";
import { keys, type MessageRecord, withinConversation } from "../storage/records.ts";
import { rejoin } from "./join.ts";
import { refresh, type Stage } from "./stage.ts";
import { type Incoming, readRun, type Stop } from "./stream.ts";

/** Messages read and stored in one transaction: enough to be fast, few enough to show progress and stay responsive. */
const RUN = 50;
/** Rejoining more often in one catch-up means that it does not help. */
const MOST_REJOINS = 3;

/** Reads the gap up to the server's head, page after page, rejoining the group when this device fell out of step. */
export async function catchUp(stage: Stage): Promise<void> {
  const { deps, store } = stage;
  let rejoins = 0;
  let rosterStale = false;
  for (;;) {
    const after = store.state().place.cursor;
    const page = await deps.rest.call("messages", {
      params: { conversationId: store.id },
      query: { after, limit: LIMITS.messagesPerPage },
    });
    if (page.reset) {
      await startOver(stage);
      continue;
    }
    if (page.messages.length === 0) break;
    if (page.messages.length > RUN) stage.showSync("catching-up");
    const { stop, rosterMoved } = await readPage(stage, page.messages);
    rosterStale ||= rosterMoved;
    if (stop === "removed") break;
    if (stop === "gap") throw new CoreError("internal-error", "The server's history has a hole");
    if (stop === "out-of-step") {
      rejoins += 1;
      if (rejoins > MOST_REJOINS) throw new CoreError("crypto-failed", "Rejoining the group does not help");
      await rejoin(stage);
      continue;
    }
    if (store.state().place.cursor >= page.head) break;
  }
  if (rosterStale && store.state().place.active) await refresh(stage);
  stage.showSync("ready");
}

async function readPage(stage: Stage, messages: readonly Message[]): Promise<Reading> {
  let rosterMoved = false;
  for (let at = 0; at < messages.length; at += RUN) {
    const reading = await readIncoming(stage, messages.slice(at, at + RUN));
    rosterMoved ||= reading.rosterMoved;
    if (reading.stop !== null) return { stop: reading.stop, rosterMoved };
  }
  return { stop: null, rosterMoved };
}

export interface Reading {
  /** Why it ended early. */
  readonly stop: Stop | null;
  readonly rosterMoved: boolean;
}

/** Reads messages from the cursor on and stores what they did, in one transaction. */
export async function readIncoming(stage: Stage, messages: readonly Incoming[]): Promise<Reading> {
  const { deps, store } = stage;
  const run = await readRun(store.state(), messages, {
    mls: deps.mls,
    myId: deps.myId,
    myDeviceId: deps.myDeviceId,
    ownerOf: (deviceId) => deps.directory.ownerOf(deviceId),
  });
  await store.update(run.change);
  deps.mls.release(run.consumed);
  return { stop: run.stop, rosterMoved: run.rosterMoved };
}

/** The server has no history at this device's cursor. */
async function startOver(stage: Stage): Promise<void> {
  const { head, joinedSeq } = await refresh(stage);
  const { cursor } = stage.store.state().place;
  if (cursor > head) return rewind(stage, head);
  if (cursor < joinedSeq) return skipTo(stage, joinedSeq);
  throw new CoreError("internal-error", "The server refuses a position that it has");
}

/** The user was out of the conversation for a while: what was said then is not theirs to read. */
function skipTo({ store }: Stage, seq: number): Promise<void> {
  return store.update(({ place }) => ({ group: null, place: { ...place, cursor: seq, historyStart: seq } }));
}

/**
 * The server was restored from a backup. What this device read beyond it is kept, and moves to the last common position,
 * because those positions will be given out again.
 */
async function rewind({ deps, store, showSync }: Stage, head: number): Promise<void> {
  showSync("recovering");
  const { cursor } = store.state().place;
  const from = keys.message(store.id, head);
  const { to } = withinConversation(store.id);
  const found = await deps.vault.range("messages", { from, to, limit: cursor - head + 1 });
  await store.update(({ place }) => ({
    place: { ...place, cursor: head, historyStart: Math.min(place.historyStart, head) },
    eraseAfter: head,
    messages: merged(
      found.flatMap(({ value }) => value ?? []),
      head,
    ),
  }));
}

function merged(records: readonly MessageRecord[], seq: number): MessageRecord[] {
  const items = records.flatMap((record) => record.items);
  return items.length === 0 ? [] : [{ seq, items }];
}
