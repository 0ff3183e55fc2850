import type { Database } from "@rempart/database";
import { type Keyring, rewrapSchedule } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import { envelopeSources } from "./envelope-columns.ts";

export interface RewrappingPorts {
  readonly keyring: Keyring;
  readonly database: Database;
  readonly log: Logger;
}

/**
 * Brings what was sealed during an outage back under the key service, from time to time. Several processes may do so at once.
 * Answers the way to stop it.
 */
export function startRewrapping(
  { rewrapMs }: { readonly rewrapMs: number },
  { keyring, database, log }: RewrappingPorts,
): () => Promise<void> {
  const schedule = rewrapSchedule({ keyring, sources: envelopeSources(database), everyMs: rewrapMs, log });
  const started = schedule.start(new AbortController().signal);
  return async () => {
    await started;
    await schedule.stop();
  };
}
