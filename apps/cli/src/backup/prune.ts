import type { PruneReport } from "@rempart/database/backup";
import { Command } from "commander";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { table } from "../table.ts";
import { bytesText } from "../text.ts";
import { type EngineOptions, engineOption, programsOption, withEngine } from "./engines.ts";

interface PruneOptions extends EngineOptions, JsonOption {
  readonly dryRun?: boolean;
}

export function pruneCommand(): Command {
  return new Command("prune")
    .description(
      "remove backups that have outlived their time, and log that no kept backup needs; a running messenger does it by itself",
    )
    .option("--dry-run", "only say what would go")
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action(({ dryRun = false, ...options }: PruneOptions) =>
      withEngine(options, async ({ prune }) => {
        if (prune === null) return refuse("pgBackRest removes what has outlived its time with each backup.");
        const pruned = await prune({ dryRun });
        report(options, pruned, prunedText(pruned, dryRun));
      }),
    );
}

function prunedText(pruned: PruneReport, dryRun: boolean): string {
  const { kept, archived, removed, orphans, segments, bytes } = pruned;
  const rows = [
    ...removed.map((id) => [id, "outlived its time"]),
    ...orphans.map((id) => [id, "was never finished"]),
    ["segments of the log", String(segments)],
    [dryRun ? "would free" : "freed", bytesText(bytes)],
    ["kept", `${kept.length} backups, and ${archived.length} for their own moment alone`],
  ];
  return table([["removed", "why"], ...rows]);
}
