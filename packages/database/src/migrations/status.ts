import type { Database } from "../pool/ports.ts";
import { type MigrationSource, readMigrations } from "./files.ts";
import { type AppliedMigration, planMigrations } from "./plan.ts";

export interface MigrationStatus {
  /** As `source/name`, in the order in which `migrate` would apply them. */
  readonly pending: readonly string[];
  readonly applied: number;
}

/** What `migrate` would do. Throws what it would throw for a history that does not fit. */
export async function migrationStatus(
  database: Database,
  sources: readonly MigrationSource[],
): Promise<MigrationStatus> {
  const applied = await appliedMigrations(database);
  const pending: string[] = [];
  for (const source of sources) {
    const of = applied.filter((record) => record.source === source.name);
    const files = planMigrations(await readMigrations(source), of);
    pending.push(...files.map(({ name }) => `${source.name}/${name}`));
  }
  return { pending, applied: applied.length };
}

/** None in a database that was never migrated. */
async function appliedMigrations(database: Database): Promise<AppliedMigration[]> {
  const [row] = await database.query<{ present: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS present",
  );
  return row?.present === true
    ? database.query<AppliedMigration>("SELECT source, name, checksum FROM schema_migrations")
    : [];
}
