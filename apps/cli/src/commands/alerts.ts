import { Command } from "commander";
import { deadLettersCommand } from "../alerts/dead-letters-command.ts";
import { testCommand } from "../alerts/test-command.ts";

export function alertsCommand(): Command {
  return new Command("alerts")
    .description("what fires, and who is told of it")
    .addCommand(testCommand())
    .addCommand(deadLettersCommand());
}
