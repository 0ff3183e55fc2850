import { Command } from "commander";
import { cleanupCommand } from "../db/cleanup.ts";
import { configureCommand } from "../db/configure.ts";
import { exportCommand } from "../db/export.ts";
import { insightCommands } from "../db/insights.ts";
import { lintCommand } from "../db/lint.ts";
import { migrateCommand, reindexCommand, statusCommand, vacuumCommand } from "../db/maintenance.ts";

export function dbCommand(): Command {
  const db = new Command("db").description("look at the database, mend what it lacks, and keep it small");
  for (const command of [
    statusCommand(),
    migrateCommand(),
    ...insightCommands(),
    lintCommand(),
    vacuumCommand(),
    reindexCommand(),
    cleanupCommand(),
    exportCommand(),
    configureCommand(),
  ])
    db.addCommand(command);
  return db;
}
