import { Command } from "commander";
import { type Commands, commandsFor } from "./commands.ts";

/** Everything an operator does. A command is one file of `commands/`; `more` are its own arguments. */
const commandsOf = (more: readonly string[]): Commands => ({
  up: async () => (await import("./commands/up.ts")).upCommand(),
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  config: async () => (await import("./commands/config.ts")).configCommand(),
  gateway: async () => (await import("./commands/gateway.ts")).gatewayCommand(),
  keys: async () => (await import("./commands/keys.ts")).keysCommand(),
  users: async () => (await import("./commands/users.ts")).usersCommand(),
  audit: async () => (await import("./commands/audit.ts")).auditCommand(),
  alerts: async () => (await import("./commands/alerts.ts")).alertsCommand(),
  monitor: async () => (await import("./commands/monitor.ts")).monitorCommand(),
  deploy: async () => (await import("./commands/deploy.ts")).deployCommand(),
  check: async () => (await import("./commands/check.ts")).checkCommand(),
  db: async () => (await import("./commands/db.ts")).dbCommand(more),
  backup: async () => (await import("./commands/backup.ts")).backupCommand(),
  version: async () => (await import("./commands/version.ts")).versionCommand(),
});
const DEFAULT = "up";

/** `rempart`, as far as these arguments need it: no command waits for what another one is made of. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("rempart")
    .description(
      "Runs and looks after Secure Messenger. Variables come from the environment and from .env; see .env.example.",
    )
    .showHelpAfterError();
  const [name = DEFAULT, ...more] = args;
  for (const command of await commandsFor(commandsOf(more), name))
    program.addCommand(command, { isDefault: args.length === 0 });
  return program;
}
