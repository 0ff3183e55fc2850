import type { Database } from "@rempart/database";
import { purgeBatch } from "@rempart/database/maintenance";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { ownPurges } from "./purges.ts";

const CLEANING_MS = 10 * 60_000;

/** Forgets what has expired, now and then. Answers the way to stop it. */
export function startCleaning(
  database: Database,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): () => Promise<void> {
  const clean = async (): Promise<void> => {
    try {
      for (const purge of ownPurges) await purgeBatch(database, purge, clock.now());
    } catch (error) {
      log.warn({ error: explain(error) }, "cleaning failed; it is tried again later");
    }
  };
  const timer = setInterval(clean, CLEANING_MS).unref();
  return async () => clearInterval(timer);
}
