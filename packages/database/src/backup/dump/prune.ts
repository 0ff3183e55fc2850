import { planMoments } from "../retention/plan.ts";
import { type PruneOptions, type PruneReport, pruneFound, storedBackups } from "../retention/prune.ts";
import type { Vault } from "../sealed/objects.ts";
import { DUMPS, dumpIds, readDumpManifest } from "./manifest.ts";

export function pruneDumps(vault: Vault, options: PruneOptions): Promise<PruneReport> {
  return pruneFound(vault, options, async (now) => {
    const stored = await storedBackups(vault, DUMPS, now);
    const dumps = [];
    for (const id of await dumpIds(vault)) {
      const { stoppedAt } = await readDumpManifest(vault, id);
      dumps.push({ id, stoppedAt });
    }
    return { plan: planMoments(dumps, options.policy, now), stored, segments: [] };
  });
}
