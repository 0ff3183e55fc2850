import { pgbouncerIni, postgresqlConf } from "@rempart/database/maintenance";

const GIB = 1024 ** 3;

/** The production machine of the administrators' guide, and the smallest one it allows. */
const PRODUCTION = { memoryBytes: 8 * GIB, cpus: 4, connections: 200, storage: "ssd" } as const;
const SMALL = { memoryBytes: 4 * GIB, cpus: 2, connections: 100, storage: "ssd" } as const;

/** What `ops/postgres` shows, by path. */
export const POSTGRES_FILES: ReadonlyMap<string, string> = new Map([
  ["ops/postgres/postgresql.conf", postgresqlConf(PRODUCTION)],
  ["ops/postgres/postgresql-small.conf", postgresqlConf(SMALL)],
  [
    "ops/postgres/pgbouncer.ini",
    pgbouncerIni({
      database: "securemessenger",
      host: "postgres",
      port: 5432,
      connections: PRODUCTION.connections,
    }),
  ],
]);
