import type { Database, Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";
import { definitionOf, type MaterializedView } from "./declare.ts";
import { grantsOn, restoreGrants } from "./grants.ts";

/** Any constant, the same in every version: one process at a time installs. */
const LOCK_KEY = 0x7265_6d76_6965_7773n;

interface Known {
  readonly name: string;
  readonly definition: string;
  readonly present: boolean;
}

/**
 * Makes the views that are missing, and anew those that are declared otherwise than before, with what depends on them: all of
 * it in one transaction, so that readers see the old ones until the new ones are there. Answers the names made.
 */
export async function install(database: Database, views: readonly MaterializedView[]): Promise<string[]> {
  // A session, for adding up years takes longer than a statement of a request may. One that fails is closed: nothing stays.
  return database.session(async (session) => {
    await session.query("BEGIN");
    const made = await installIn(session, views);
    await session.query("COMMIT");
    return made;
  });
}

async function installIn(tx: Queryable, views: readonly MaterializedView[]): Promise<string[]> {
  await tx.query("SELECT pg_advisory_xact_lock($1)", [LOCK_KEY]);
  const known = await knownViews(tx);
  const stale = staleViews(views, known);
  const remade = stale
    .map(({ name }) => name)
    .filter((name) => known.some((k) => k.name === name && k.present));
  const grants = await grantsOn(tx, remade);
  for (const { name } of stale.toReversed())
    await tx.query(`DROP MATERIALIZED VIEW IF EXISTS ${quoted(name)}`);
  for (const view of stale) await make(tx, view);
  await restoreGrants(tx, remade, grants);
  for (const { name, volatile = false } of views)
    await tx.query(
      // Rows that are right are left alone: a refresh under way holds its own until it ends.
      "UPDATE materialized_views SET volatile = $2 WHERE name = $1 AND volatile <> $2",
      [name, volatile],
    );
  return stale.map(({ name }) => name);
}

function knownViews(tx: Queryable): Promise<Known[]> {
  return tx.query<Known>(`
    SELECT name, definition, to_regclass(quote_ident(name)) IS NOT NULL AS present FROM materialized_views`);
}

/** In the order in which they are made. */
function staleViews(views: readonly MaterializedView[], known: readonly Known[]): MaterializedView[] {
  const current = new Set(
    known.filter(({ present }) => present).map(({ name, definition }) => `${name} ${definition}`),
  );
  const stale = new Set<string>();
  for (const view of views) {
    const changed = !current.has(`${view.name} ${definitionOf(view)}`);
    if (changed || view.dependsOn?.some((name) => stale.has(name))) stale.add(view.name);
  }
  return views.filter(({ name }) => stale.has(name));
}

async function make(tx: Queryable, view: MaterializedView): Promise<void> {
  const { name, query, key, dependsOn = [], indexes = [], volatile = false } = view;
  const relation = quoted(name);
  const started = performance.now();
  await tx.query(`CREATE MATERIALIZED VIEW ${relation} AS ${query}`);
  await tx.query(`CREATE UNIQUE INDEX ON ${relation} (${key.map(quoted).join(", ")})`);
  for (const index of indexes) await tx.query(`CREATE INDEX ON ${relation} ${index}`);
  await tx.query(`ANALYZE ${relation}`);
  await refuseUndeclared(tx, view);
  await tx.query(
    `INSERT INTO materialized_views (name, definition, depends_on, volatile, current_at, refresh_ms)
     VALUES ($1, $2, $3, $4, now(), $5)
     ON CONFLICT (name) DO UPDATE SET definition = $2, depends_on = $3, volatile = $4, made_from = NULL,
       current_at = now(), refresh_ms = $5, generation = materialized_views.generation + 1`,
    [name, definitionOf(view), dependsOn, volatile, performance.now() - started],
  );
}

/** A view that reads another without saying so would not be refreshed with it. */
async function refuseUndeclared(tx: Queryable, { name, dependsOn = [] }: MaterializedView): Promise<void> {
  const read = await tx.query<{ name: string }>(
    `SELECT v.name FROM materialized_views v
     WHERE to_regclass(quote_ident(v.name))::oid IN (SELECT relation_sources($1::regclass))`,
    [quoted(name)],
  );
  const undeclared = read.filter((other) => !dependsOn.includes(other.name)).map((other) => other.name);
  if (undeclared.length > 0)
    throw new TypeError(`${name} reads ${undeclared.join(", ")}: name it in dependsOn`);
}
