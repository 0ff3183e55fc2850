import {
  createMemoryIdempotencyStore,
  type IdempotencyEntry,
  type IdempotencyStore,
} from "../idempotency/store.ts";
import { fromText, toText } from "../idempotency/stored-text.ts";
import { type KvRecordsOptions, openRecords } from "./kv-records.ts";

const RUNNING = "running";
/** After so long every instance sees what was written. */
const VISIBLE_SECONDS = 60;

/**
 * Idempotency keys on Workers. Exact within an instance, and for a client that waits a minute before it tries again.
 * **Weaker across instances:** KV has no compare-and-set and shows a write elsewhere up to a minute later, so a request that
 * reaches two instances within that time is carried out by both. Where that moves money, use Redis.
 */
export function kvIdempotencyStore(options: KvRecordsOptions): IdempotencyStore {
  const records = openRecords(options, options.prefix ?? "idempotency");
  const own = createMemoryIdempotencyStore({ clock: options.clock });
  return {
    async begin(key, owner, fingerprint, holdSeconds) {
      const here = await own.begin(key, owner, fingerprint, holdSeconds);
      if (here !== null) return here;
      try {
        const elsewhere = readEntry(await records.get(key));
        if (elsewhere === null) await records.put(key, `${fingerprint} ${RUNNING}`, holdSeconds);
        else await own.abandon(key, owner);
        return elsewhere;
      } catch (error) {
        await own.abandon(key, owner);
        throw error;
      }
    },
    async finish(key, owner, answer, keepSeconds) {
      const fingerprint = own.known(key)?.fingerprint;
      if (!(await own.finish(key, owner, answer, Math.min(keepSeconds, VISIBLE_SECONDS)))) return false;
      await records.put(key, `${fingerprint} ${toText(answer)}`, keepSeconds);
      return true;
    },
    async abandon(key, owner) {
      const isHeld = await own.abandon(key, owner);
      if (isHeld) await records.delete(key);
      return isHeld;
    },
  };
}

function readEntry(record: string | null): IdempotencyEntry | null {
  if (record === null) return null;
  const space = record.indexOf(" ");
  const fingerprint = record.slice(0, Math.max(space, 0));
  const state = record.slice(space + 1);
  if (state === RUNNING) return { state, fingerprint };
  return { state: "done", fingerprint, answer: fromText(state) };
}
