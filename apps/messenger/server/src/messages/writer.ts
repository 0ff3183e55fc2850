import { type Database, DatabaseError } from "@rempart/database";
import { type Clock, explain } from "@rempart/kernel";
import type { Held, Tracing } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";
import { append, type Outcome, type Submission } from "./append.ts";

/** Who waits for a submission. Called exactly once, after COMMIT or when it is certain that we do not know. */
export interface Sink {
  settled(submission: Submission, outcome: Outcome): void;
}

export interface WriterOptions {
  database: Database;
  clock: Clock;
  log: Logger;
  /** Every message newly placed, before its sink is told; in the order of `seq` within a conversation. */
  placed(submission: Submission, seq: number, sentAt: number): void;
  /** Keeps the handling of a message, for what is done for it later. Undefined: nobody follows it. */
  hold?: Tracing["hold"];
  /** After each batch was settled: the moment to hand its hints and frames on. */
  flushed?(): void;
}

const MAX_BATCH_MESSAGES = 512;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;
/** Messages waiting; past it new ones are refused at once, so that memory and waiting stay bounded. */
const MAX_QUEUED = 20_000;
const MAX_ATTEMPTS = 5;
const UNAVAILABLE: Outcome = { kind: "refused", code: "unavailable" };

interface Entry {
  readonly submission: Submission;
  readonly sink: Sink;
  readonly held: Held | undefined;
}

/**
 * Group commit: what arrives while a batch is being written becomes the next batch, so the cost of a commit is shared by
 * all that wait for it. One batch at a time keeps the order in which a conversation's messages came; a second one on the
 * way was measured to cost more, in latency and in rate, than the idle moments of the database that it fills.
 */
export class MessageWriter {
  readonly #options: WriterOptions;
  #queue: Entry[] = [];
  #working: Promise<void> | null = null;
  #stopping = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Messages that are not written yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  submit(submission: Submission, sink: Sink): void {
    if (this.#stopping || this.#queue.length >= MAX_QUEUED) {
      sink.settled(submission, UNAVAILABLE);
      return;
    }
    this.#queue.push({ submission, sink, held: this.#options.hold?.() });
    this.#working ??= this.#work();
  }

  /** For one caller that wants a promise. */
  write(submission: Submission): Promise<Outcome> {
    return new Promise((resolve) => this.submit(submission, { settled: (_, outcome) => resolve(outcome) }));
  }

  /** Refuses what is new and resolves when everything accepted has been settled. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    // Everything that the present turn of the event loop brings belongs to the first batch.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#take();
      // What a batch costs is part of the first message in it.
      const outcomes = await within(batch[0]?.held, () => this.#place(batch));
      settle(batch, outcomes, this.#options);
    }
    this.#working = null;
  }

  /** The next batch, in order. An id that stands in it already ends it: its outcome depends on the one before. */
  #take(): Entry[] {
    const ids = new Set<string>();
    let characters = 0;
    let count = 0;
    for (const { submission } of this.#queue) {
      characters += submission.body.length;
      const full = count === MAX_BATCH_MESSAGES || (count > 0 && characters > MAX_BATCH_CHARACTERS);
      if (full || ids.has(submission.id)) break;
      ids.add(submission.id);
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #place(batch: readonly Entry[]): Promise<Outcome[]> {
    const { database, clock, log } = this.#options;
    const submissions = batch.map((entry) => entry.submission);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await append(database, submissions, clock.now());
      } catch (error) {
        if (attempt < MAX_ATTEMPTS && lostRace(error)) continue;
        log.error({ error: explain(error), messages: batch.length }, "messages could not be written");
        return batch.map(() => UNAVAILABLE);
      }
    }
  }
}

function within<T>(held: Held | undefined, work: () => T): T {
  return held === undefined ? work() : held(work);
}

function settle(batch: readonly Entry[], outcomes: readonly Outcome[], options: WriterOptions): void {
  for (let i = 0; i < batch.length; i += 1) {
    try {
      const entry = batch[i] as Entry;
      const outcome = outcomes[i] ?? UNAVAILABLE;
      within(entry.held, () => settleOne(entry, outcome, options));
    } catch (error) {
      // What one receiver does must not keep the others waiting: the messages are stored.
      options.log.error({ error: explain(error) }, "a stored message could not be handed on");
    }
  }
  options.flushed?.();
}

function settleOne({ submission, sink }: Entry, outcome: Outcome, options: WriterOptions): void {
  if (outcome.kind === "placed" && outcome.fresh) options.placed(submission, outcome.seq, outcome.sentAt);
  sink.settled(submission, outcome);
}

/** Another process placed one of the ids, or won the locks: asking again gets a definite answer. */
function lostRace(error: unknown): boolean {
  return (
    error instanceof DatabaseError && (error.code === "unique-violation" || error.code === "serialization")
  );
}
