import { createMemoryReplayStore, type ReplayStore } from "../webhooks/replay-store.ts";
import { type KvRecordsOptions, openRecords } from "./kv-records.ts";

/**
 * Events that were taken, on Workers. Exact within an instance. **Weaker across instances:** KV has no compare-and-set and
 * shows a write elsewhere up to a minute later, so an event that reaches two instances within that time is taken by both.
 * Handle events so that twice does no harm, or use Redis.
 */
export function kvReplayStore(options: KvRecordsOptions): ReplayStore {
  const records = openRecords(options, options.prefix ?? "event");
  const own = createMemoryReplayStore({ clock: options.clock });
  return {
    async claim(id, ttlSeconds) {
      if (!(await own.claim(id, ttlSeconds))) return false;
      if ((await records.get(id)) !== null) return false;
      await records.put(id, "", ttlSeconds);
      return true;
    },
    async release(id) {
      await records.delete(id);
      await own.release(id);
    },
  };
}
