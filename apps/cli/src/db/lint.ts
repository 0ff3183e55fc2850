import { type Database, DatabaseError } from "@rempart/database";
import { applyFinding, examine, type Finding } from "@rempart/database/insights";
import type { Machine } from "@rempart/database/maintenance";
import { explain } from "@rempart/kernel";
import type { Maintenance } from "@rempart/messenger-server/operator";
import { Command } from "commander";
import { confirmed } from "../confirm.ts";
import { type JsonOption, report, say } from "../report.ts";
import { plain } from "../text.ts";
import { withDatabase } from "./access.ts";
import { findingsText, findingText } from "./insight-tables.ts";
import { cpusOption, type MachineOptions, machineOf, memoryOption, storageOption } from "./options.ts";

interface LintOptions extends JsonOption, MachineOptions {
  readonly only?: string[];
  readonly apply?: boolean;
  readonly yes?: boolean;
}

export function lintCommand(): Command {
  return new Command("lint")
    .description(
      "what the database lacks, each with the SQL that mends it and takes it back; --apply runs it",
    )
    .option("--only <code...>", "only findings of these codes")
    .option("--apply", "mend what can be mended beside running writers; asks for each")
    .option("--yes", "do not ask")
    .addOption(memoryOption())
    .addOption(cpusOption())
    .addOption(storageOption())
    .option("--json", "print JSON")
    .action((options: LintOptions) =>
      withDatabase(async (access) => {
        const machine = machineOf(options, access.local);
        const found = await examine(access.database, machine);
        const examination = { ...found, findings: chosen(found.findings, options) };
        if (options.apply === true) await applyAll(access, examination.findings, machine, options);
        else report(options, examination, findingsText(examination));
      }),
    );
}

function chosen(findings: readonly Finding[], { only }: LintOptions): readonly Finding[] {
  return only === undefined ? findings : findings.filter(({ code }) => only.includes(code));
}

const SAID = {
  done: "done",
  gone: "no longer to be mended",
  remains: "run, and found all the same",
  refused: "left for you: it locks or needs a restart",
};

/** What came of it; what one finding runs into does not keep the others from being mended. */
async function mend(
  database: Database,
  finding: Finding,
  recheck: () => Promise<readonly Finding[]>,
): Promise<string> {
  try {
    const { state } = await applyFinding(database, finding, { recheck });
    return SAID[state];
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    process.exitCode = 1;
    return `not mended: ${plain(explain(error))}`;
  }
}

async function applyAll(
  { database }: Maintenance,
  findings: readonly Finding[],
  machine: Omit<Machine, "connections"> | undefined,
  { yes = false }: LintOptions,
): Promise<void> {
  const recheck = async (): Promise<readonly Finding[]> => (await examine(database, machine)).findings;
  for (const finding of findings) {
    say(findingText(finding));
    if (finding.appliable && !(await confirmed(`Mend ${plain(finding.object)}?`, "yes", yes))) continue;
    say(`  ${await mend(database, finding, recheck)}`);
  }
}
