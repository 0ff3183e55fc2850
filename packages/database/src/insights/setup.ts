import type { MigrationSource } from "../migrations/files.ts";
import { migrate } from "../migrations/migrate.ts";
import type { Database, Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";
import { readStatements } from "./statements.ts";

/** `analyze_slow_queries()`, for installations that want it. */
export const insightsMigrations: MigrationSource = {
  name: "insights",
  directory: new URL("../../migrations/insights/", import.meta.url),
};

/** What insights use where they find it; none of them is needed. */
const EXTENSIONS = ["pg_stat_statements", "pgstattuple", "hypopg"] as const;

export interface InsightsSetup {
  readonly installed: readonly string[];
  /** Not among the server's files. */
  readonly missing: readonly string[];
  /** Installed, but the server must load it at its start: `shared_preload_libraries`. */
  readonly notLoaded: readonly string[];
}

/**
 * Makes the extensions that the server has, and lets `role` see the statements and sizes of all. `admin` is a superuser's, on the
 * database to be looked at; `database` belongs to the role that owns its tables. Safe to repeat.
 */
export async function setUpInsights(admin: Database, database: Database): Promise<InsightsSetup> {
  const [own] = await database.query<{ role: string }>("SELECT current_user::text AS role");
  const installed = await admin.session((session) => install(session, own?.role ?? ""));
  await migrate(database, [insightsMigrations]);
  const loaded = (await readStatements(database, { most: 1 })) !== "not-loaded";
  return {
    installed,
    missing: EXTENSIONS.filter((name) => !installed.includes(name)),
    notLoaded: installed.filter((name) => name === "pg_stat_statements" && !loaded),
  };
}

async function install(session: Queryable, role: string): Promise<string[]> {
  // The role may make operators in `public`: a superuser must not find them there.
  await session.query("SET search_path = pg_catalog");
  const available = await session.query<{ name: string }>(
    "SELECT name FROM pg_available_extensions WHERE name = ANY ($1) ORDER BY 1",
    [EXTENSIONS],
  );
  for (const { name } of available)
    await session.query(`CREATE EXTENSION IF NOT EXISTS ${name} SCHEMA public`);
  for (const granted of ["pg_read_all_stats", "pg_stat_scan_tables"])
    await session.query(`GRANT ${granted} TO ${quoted(role)}`);
  return available.map(({ name }) => name);
}
