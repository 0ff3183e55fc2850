import { type Audit, type AuditEvent, isRefusal } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";

export interface BackgroundRecorderOptions {
  readonly database: Database;
  readonly audit: Pick<Audit, "recordAll">;
  readonly log: Logger;
  /** Told how many events were lost, each time some are. */
  readonly dropped: (count: number) => void;
  /** Events that may wait; 2,000 unless told. */
  readonly capacity?: number;
}

const CAPACITY = 2_000;
/** Long enough that a flood shares its statements, short enough that nobody waits for what was seen. */
const GATHER_MS = 250;
const RETRY_MS = 1_000;
const BATCH = 200;

/**
 * Records events that belong to no transaction, such as refusals at the edge: in batches, beside the requests. Past its
 * capacity it drops, counts and says so; a flood must not take the memory of the process.
 */
export class BackgroundRecorder {
  readonly #options: BackgroundRecorderOptions;
  readonly #capacity: number;
  #waiting: AuditEvent[] = [];
  #lost = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: BackgroundRecorderOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? CAPACITY;
  }

  /** Never throws, never waits. */
  add(event: AuditEvent): void {
    if (this.#waiting.length >= this.#capacity) this.#lost += 1;
    else this.#waiting.push(event);
    this.#timer ??= setTimeout(() => void this.#flush(), GATHER_MS);
  }

  /** Writes what waits, or says how much of it is lost. */
  async stop(): Promise<void> {
    await this.#flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#lost += this.#waiting.length;
    this.#waiting = [];
    this.#tellLost();
  }

  #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    this.#tellLost();
    let together = BATCH;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, together);
      const error = await this.#errorOf(batch);
      if (error !== null && !isRefusal(error)) return this.#wait(error);
      if (error !== null && batch.length > 1) {
        // One of them: what nobody can record keeps no other from it.
        together = 1;
        continue;
      }
      this.#waiting.splice(0, batch.length);
      if (error !== null) this.#tellRefused(error);
      together = Math.min(together * 2, BATCH);
    }
  }

  async #errorOf(events: readonly AuditEvent[]): Promise<unknown> {
    const { database, audit } = this.#options;
    try {
      await audit.recordAll(database, events);
      return null;
    } catch (error) {
      return error;
    }
  }

  #wait(error: unknown): void {
    const waiting = this.#waiting.length;
    this.#options.log.warn({ error: explain(error), waiting }, "audit events wait for the database");
    this.#timer ??= setTimeout(() => void this.#flush(), RETRY_MS);
  }

  #tellRefused(error: unknown): void {
    this.#options.log.error({ error: explain(error) }, "an audit event was refused, and is lost");
    this.#options.dropped(1);
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    const count = this.#lost;
    this.#lost = 0;
    this.#options.log.error({ count }, "audit events were lost: more came than could be written");
    this.#options.dropped(count);
  }
}
