import { type Maintenance, openMaintenance } from "@rempart/messenger-server/operator";
import { installSignals, silentLogger } from "@rempart/runtime";
import { withConfig } from "../installation.ts";

/** Runs an operator's work on the database as it is: nothing is migrated, and a running server goes on. */
export function withDatabase(work: (access: Maintenance) => Promise<void>): Promise<void> {
  return withConfig(async (config) => {
    await using access = await openMaintenance(config, silentLogger);
    await work(access);
  });
}

/** Ends between two steps at the first SIGINT or SIGTERM, and says so. */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const say = (_: object, text: string): void => void process.stderr.write(`${text}\n`);
  using signals = installSignals({ info: say, warn: say });
  return await work(signals.signal);
}
