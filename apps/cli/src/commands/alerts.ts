import { Command } from "commander";
import { deadLettersCommand } from "../alerts/dead-letters-command.ts";
import { explainCommand } from "../alerts/explain-command.ts";
import { listCommand } from "../alerts/list-command.ts";
import {
  acknowledgeCommand,
  maintenanceCommand,
  silenceCommand,
  unsilenceCommand,
} from "../alerts/mute-commands.ts";
import { testCommand } from "../alerts/test-command.ts";

export function alertsCommand(): Command {
  return new Command("alerts")
    .description("what fires, and who is told of it")
    .addCommand(listCommand())
    .addCommand(explainCommand())
    .addCommand(silenceCommand())
    .addCommand(unsilenceCommand())
    .addCommand(acknowledgeCommand())
    .addCommand(maintenanceCommand())
    .addCommand(testCommand())
    .addCommand(deadLettersCommand());
}
