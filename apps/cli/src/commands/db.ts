import { Command } from "commander";
import { type Commands, commandsFor } from "../commands.ts";

const COMMANDS: Commands = {
  status: async () => (await import("../db/maintenance.ts")).statusCommand(),
  migrate: async () => (await import("../db/maintenance.ts")).migrateCommand(),
  slow: async () => (await import("../db/insights.ts")).slowCommand(),
  locks: async () => (await import("../db/insights.ts")).locksCommand(),
  bloat: async () => (await import("../db/insights.ts")).bloatCommand(),
  indexes: async () => (await import("../db/insights.ts")).indexesCommand(),
  tables: async () => (await import("../db/insights.ts")).tablesCommand(),
  connections: async () => (await import("../db/insights.ts")).connectionsCommand(),
  setup: async () => (await import("../db/insights.ts")).setupCommand(),
  lint: async () => (await import("../db/lint.ts")).lintCommand(),
  vacuum: async () => (await import("../db/maintenance.ts")).vacuumCommand(),
  reindex: async () => (await import("../db/maintenance.ts")).reindexCommand(),
  cleanup: async () => (await import("../db/cleanup.ts")).cleanupCommand(),
  media: async () => (await import("../db/media.ts")).mediaCommand(),
  export: async () => (await import("../db/export.ts")).exportCommand(),
  configure: async () => (await import("../db/configure.ts")).configureCommand(),
};

export async function dbCommand([name = ""]: readonly string[]): Promise<Command> {
  const db = new Command("db").description("look at the database, mend what it lacks, and keep it small");
  for (const command of await commandsFor(COMMANDS, name)) db.addCommand(command);
  return db;
}
