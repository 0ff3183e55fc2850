import type { Database, Queryable } from "../pool/ports.ts";
import {
  DATABASES,
  FOREIGN_KEYS,
  INDEXES,
  SEQUENCES,
  SERVER,
  SETTINGS,
  TABLES,
} from "./catalogue-queries.ts";
import type { CatalogueSnapshot } from "./snapshot.ts";

/** One repeatable picture of the catalogue: reads only, and needs no more than to connect. */
export function readSnapshot(database: Database): Promise<CatalogueSnapshot> {
  return database.transaction(readAll, { isolation: "repeatable read", readOnly: true });
}

type Server = Pick<CatalogueSnapshot, "takenAt" | "version" | "statisticsSince">;

async function readAll(tx: Queryable): Promise<CatalogueSnapshot> {
  // The planner's view of expressions is printed for this search path: every name in them is whole.
  await tx.query("SET LOCAL search_path = pg_catalog");
  const [server] = await tx.query<Server>(SERVER);
  if (server === undefined) throw new TypeError("the server gave no row about itself");
  const settings = await tx.query<{ name: string; value: string; factor: number | null }>(SETTINGS);
  return {
    ...server,
    settings: Object.fromEntries(settings.map(({ name, value, factor }) => [name, inUnits(value, factor)])),
    tables: await tx.query(TABLES),
    indexes: await tx.query(server.version >= 160_000 ? INDEXES.since16 : INDEXES.before16),
    foreignKeys: await tx.query(FOREIGN_KEYS),
    sequences: await tx.query(SEQUENCES),
    databases: await tx.query(DATABASES),
  };
}

function inUnits(value: string, factor: number | null): number | string {
  return factor === null ? value : Number(value) * factor;
}
