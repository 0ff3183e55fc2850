import { chmod, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDatabase, type Database } from "@rempart/database";
import { type PgBackRestBucket, type PgBackRestEngine, pgBackRestEngine } from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import { requireService, scratchPlace, startDebianPostgres, until } from "@rempart/testing";
import type { EngineUnderTest } from "./engine-contract.ts";

const [postgres, pgbackrest] = [await requireService("postgres"), await requireService("pgbackrest")];

/** Why there is nothing to test with. */
export const skip = postgres.skip || pgbackrest.skip;
export const PASSPHRASE = "correct-horse-battery";
export const programs = { postgres: join(dirname(postgres.path ?? ""), "..", "bin", "postgres") };

export interface PgBackRestServer extends EngineUnderTest {
  readonly engine: PgBackRestEngine;
  readonly place: string;
}

/** Debian's PostgreSQL that archives by pgBackRest: into a directory, unless a bucket is told. */
export async function pgBackRestServer(
  repositoryIn: (place: string) => Promise<string | PgBackRestBucket> = async (place) =>
    join(place, "repository"),
): Promise<PgBackRestServer> {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-pgbackrest-"));
  await chmod(place, 0o711);
  const server = await startDebianPostgres({ service: "postgres", settings: { archive_mode: "on" } });
  const database = createDatabase({ url: server.url });
  const engine = pgBackRestEngine({
    repository: await repositoryIn(place),
    workDirectory: join(place, "work"),
    passphrase: new Secret(PASSPHRASE),
    source: { database, dataDirectory: server.dataDirectory },
    programs,
    archiveWaitMs: 20_000,
  });
  const { archive_command: command = "" } = await engine.attach();
  await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await database.query("SELECT pg_reload_conf()");
  return {
    engine,
    database,
    place,
    scratch: join(place, "places"),
    unseen: ["page checksums"],
    archived: () => untilHandedOver(database, engine),
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** The newest commit is the one that was just made. */
async function untilHandedOver(database: Database, engine: PgBackRestEngine): Promise<void> {
  const [row] = await database.query<{ at: number }>(
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at",
  );
  await database.query("CREATE TABLE IF NOT EXISTS marks (id int)");
  await database.query("INSERT INTO marks VALUES (1)");
  await database.query("SELECT pg_switch_wal()");
  await until(async () => ((await engine.status()).recoverableTo ?? 0) >= (row?.at ?? 0));
}
