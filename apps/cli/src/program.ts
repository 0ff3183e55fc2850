import { Command } from "commander";

/** Everything an operator does. A command is one file of `commands/`. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
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
  db: async () => (await import("./commands/db.ts")).dbCommand(),
  backup: async () => (await import("./commands/backup.ts")).backupCommand(),
  version: async () => (await import("./commands/version.ts")).versionCommand(),
};
const DEFAULT = "up";

/** `rempart`, as far as these arguments need it: no command waits for what another one is made of. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("rempart")
    .description(
      "Runs and looks after Secure Messenger. Variables come from the environment and from .env; see .env.example.",
    )
    .showHelpAfterError();
  for (const name of namesFor(args)) {
    const command = await COMMANDS[name]?.();
    if (command !== undefined) program.addCommand(command, { isDefault: name === DEFAULT });
  }
  return program;
}

/** All of them where help is asked for, or a name is not known. */
function namesFor([first = DEFAULT]: readonly string[]): readonly string[] {
  return Object.hasOwn(COMMANDS, first) ? [first] : Object.keys(COMMANDS);
}
