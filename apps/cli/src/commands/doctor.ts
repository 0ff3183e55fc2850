import { readMessengerConfig } from "@rempart/messenger-server/operator";
import { Command } from "commander";
import { examine } from "../doctor/examine.ts";
import { loadEnvironment } from "../environment.ts";
import { configured } from "../exit.ts";
import { table } from "../table.ts";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "check what the messenger needs before it is started: exit code 1 when something is in its way",
    )
    .action(async () => {
      const config = configured(() => readMessengerConfig(loadEnvironment()));
      if (config === null) return;
      const findings = await examine(config);
      process.stdout.write(`${table(findings.map(({ state, what, detail }) => [state, what, detail]))}\n`);
      if (findings.some(({ state }) => state === "failed")) process.exitCode = 1;
    });
}
