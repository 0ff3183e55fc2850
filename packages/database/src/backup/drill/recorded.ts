import { explain, systemClock } from "@rempart/kernel";
import type { Vault } from "../sealed/objects.ts";
import { type DrillOptions, runDrill } from "./drill.ts";
import { type DrillRecord, recordDrill } from "./records.ts";

/** A drill whose outcome is kept in the repository, also when nothing could be restored. Rejects when it was told to stop. */
export async function drill(vault: Vault, options: DrillOptions): Promise<DrillRecord> {
  const record = await outcomeOf(options);
  await recordDrill(vault, options.engine.name, record);
  return record;
}

async function outcomeOf(options: DrillOptions): Promise<DrillRecord> {
  const startedAt = (options.clock ?? systemClock).now();
  try {
    return await runDrill(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return { startedAt, passed: false, error: explain(error) };
  }
}
