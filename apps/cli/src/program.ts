import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { configCommand } from "./commands/config.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { keysCommand } from "./commands/keys.ts";
import { upCommand } from "./commands/up.ts";
import { usersCommand } from "./commands/users.ts";
import { versionCommand } from "./commands/version.ts";

/** `rempart`: everything an operator does. A command is one file of `commands/`. */
export function createProgram(): Command {
  return new Command("rempart")
    .description(
      "Runs and looks after Secure Messenger. Variables come from the environment and from .env; see .env.example.",
    )
    .showHelpAfterError()
    .addCommand(upCommand(), { isDefault: true })
    .addCommand(doctorCommand())
    .addCommand(configCommand())
    .addCommand(gatewayCommand())
    .addCommand(keysCommand())
    .addCommand(usersCommand())
    .addCommand(auditCommand())
    .addCommand(versionCommand());
}
