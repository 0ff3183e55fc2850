/**
 * Runs the conversation's state machine (`@rempart/messaging/client`). A turn takes inputs, opens what can be opened in
 * memory, saves everything in one transaction, and only then carries out the effects; their answers are new inputs.
 */
import { durable, type Effect, type Input, restore, step } from "@rempart/messaging/client";
import { createSerial } from "../serial.ts";
import { keys, type MessageRecord, withinConversation } from "../storage/records.ts";
import type { Batch } from "../storage/vault.ts";
import type { ConversationDeps } from "./deps.ts";
import { changeOf, open, startWork, type Work } from "./open.ts";
import type { ConversationStore, RoomState } from "./store.ts";

/** Messages opened in one transaction: enough to be fast, few enough to show progress. */
const MOST_OPENED = 50;

/** An input together with what an operation produced, to be saved in the same transaction. */
export interface Submission {
  readonly input: Input;
  /** Applied only when the machine still expects the answer. */
  readonly product?: Product;
}

export interface Product {
  readonly group?: RoomState["group"];
  readonly pending?: RoomState["pending"];
  readonly joined?: true;
  readonly outbox?: RoomState["outbox"][number];
  readonly also?: (batch: Batch) => void;
}

/** Everything but what a turn does by itself. */
export type OuterEffect = Exclude<Effect, { type: "open" | "drop" | "rewind" }>;

export interface Executor {
  /** Resolves when the input and all that followed from it at once is saved. */
  submit(...submissions: readonly Submission[]): Promise<void>;
}

export function createExecutor(
  deps: ConversationDeps,
  store: ConversationStore,
  carryOut: (effect: OuterEffect) => void,
): Executor {
  const serial = createSerial();
  let waiting: Submission[] = [];

  const turn = async (): Promise<void> => {
    const submissions = waiting;
    waiting = [];
    if (submissions.length === 0) return;
    const todo: Todo[] = [
      { kind: "submission", input: { type: "time", now: deps.ports.clock.now() } },
      ...submissions.map((submission) => ({ kind: "submission", ...submission }) as const),
    ];
    try {
      while (todo.length > 0) await round(todo);
    } catch (error) {
      await forgetUnderWay();
      throw error;
    }
  };

  /** Answers were lost with a turn that could not be saved: as after a restart, everything is asked for again. */
  const forgetUnderWay = (): Promise<void> =>
    store.update(({ machine }) => ({ machine: restore(durable(machine), machine.deviceId) }));

  /** Works until there is nothing left to do or enough to save. */
  const round = async (todo: Todo[]): Promise<void> => {
    const work = startWork(store.state());
    const outer: OuterEffect[] = [];
    const products: Product[] = [];
    while (work.records.length < MOST_OPENED) {
      const next = todo.shift();
      if (next === undefined) break;
      const inputs = next.kind === "open" ? await open(work, next.effect, context) : [next.input];
      if (next.kind === "submission" && next.product && fits(work, next.input)) {
        takeProduct(work, next.product);
        products.push(next.product);
      }
      todo.unshift(...(await advance(work, inputs, outer)));
    }
    await save(work, products);
    for (const effect of outer) if (isStillNeeded(work, effect)) carryOut(effect);
  };

  const context = {
    mls: deps.mls,
    myId: deps.myId,
    ownerOf: (deviceId: string) => deps.directory.ownerOf(deviceId),
  };

  /** Feeds the machine; answers with what is to be opened next. */
  const advance = async (
    work: Work,
    inputs: readonly Input[],
    outer: OuterEffect[],
  ): Promise<readonly Todo[]> => {
    const opens: Todo[] = [];
    for (const input of inputs) {
      const { state, effects } = step(work.machine, input);
      work.machine = state;
      for (const effect of effects) {
        if (effect.type === "open") opens.push({ kind: "open", effect });
        else if (effect.type === "drop") work.pending = null;
        else if (effect.type === "rewind") await rewind(deps, store, work, effect.head);
        else outer.push(effect);
      }
      if (state.epoch === null) work.group = null;
    }
    return opens;
  };

  const save = async (work: Work, products: readonly Product[]): Promise<void> => {
    await store.update(
      (latest) => {
        const change = changeOf(work, latest, deps.myId);
        const written = products.flatMap(({ outbox }) => outbox ?? []);
        if (written.length === 0) return change;
        return { ...change, outbox: [...(change.outbox ?? latest.outbox), ...written] };
      },
      (batch) => {
        for (const { also } of products) also?.(batch);
      },
    );
    deps.mls.release(work.consumed);
  };

  return {
    submit(...submissions) {
      waiting.push(...submissions);
      return serial(turn);
    },
  };
}

type Todo =
  | ({ readonly kind: "submission" } & Submission)
  | { readonly kind: "open"; readonly effect: Extract<Effect, { type: "open" }> };

/** An answer that comes too late (the group was left or rejoined meanwhile) must not bring back an old state. */
function fits({ machine }: Work, input: Input): boolean {
  switch (input.type) {
    case "sealed":
      return machine.job?.kind === "seal" && machine.job.id === input.id;
    case "built":
      return machine.job?.kind === "build" && machine.job.purpose === input.purpose;
    case "joined":
      return machine.epoch === null && machine.job === null && input.seq >= machine.cursor;
    default:
      return true;
  }
}

/** The same turn may have brought the answer. */
function isStillNeeded({ machine }: Work, effect: OuterEffect): boolean {
  return effect.type !== "fetch" || machine.fetching;
}

function takeProduct(work: Work, product: Product): void {
  if (product.group !== undefined) work.group = product.group;
  if (product.pending !== undefined) work.pending = product.pending;
  if (product.joined) work.joined = true;
}

/**
 * The server was restored from a backup. What this device read beyond it is kept, and moves to the last common position,
 * because those positions will be given out again.
 */
async function rewind(
  deps: ConversationDeps,
  store: ConversationStore,
  work: Work,
  head: number,
): Promise<void> {
  const from = keys.message(store.id, head);
  const { to } = withinConversation(store.id);
  const limit = Math.max(1, work.start.machine.cursor - head + 1);
  const found = await deps.vault.range("messages", { from, to, limit });
  const stored = found.flatMap(({ value }): MessageRecord[] => (value === null ? [] : [value]));
  const items = [...stored, ...work.records.filter(({ seq }) => seq > head)].flatMap(
    (record) => record.items,
  );
  work.records = work.records.filter(({ seq }) => seq < head);
  if (items.length > 0) work.records.push({ seq: head, items });
  work.eraseAfter = head;
}
