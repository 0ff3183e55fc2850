import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createDatabase } from "@rempart/database";
import { builtInEngine, createWalArchiver, directoryRepository } from "@rempart/database/backup";
import { requireService, scratchPlace, startPostgres } from "@rempart/testing";
import { type EngineUnderTest, engineContract } from "./engine-contract.ts";
import { keyringIn, untilArchived } from "./kit.ts";

const service = await requireService("postgres");
/** Debian's, or those of the version that `tools/on-postgres.ts` tries. */
const programs = process.env.TEST_POSTGRES_PROGRAMS ?? join(dirname(service.path ?? ""), "..", "bin");

/** A server that we did not start, of an older major version, whose administrator gave it our `archive_command`. */
async function open(): Promise<EngineUnderTest> {
  const scratch = await mkdtemp(join(await scratchPlace(), "rempart-backup-"));
  await chmod(scratch, 0o711);
  const server = await startPostgres(programs, { settings: { archive_mode: "on" } });
  const repository = directoryRepository(join(scratch, "repository"));
  const sealing = keyringIn(join(scratch, "key"));
  const archiver = createWalArchiver({ repository, sealing });
  const { dataDirectory } = server;
  const account = await stat(dataDirectory);
  const settings = await archiver.attach({ dataDirectory, runDirectory: dirname(dataDirectory), account });
  const database = createDatabase({ url: server.url });
  await database.query(
    `ALTER SYSTEM SET archive_command = '${settings.archive_command?.replaceAll("'", "''")}'`,
  );
  await database.query("SELECT pg_reload_conf()");
  const engine = builtInEngine({
    repository,
    sealing,
    source: { database, dataDirectory },
    programs: { postgres: join(programs, "postgres") },
    archiveWaitMs: 20_000,
  });
  return {
    engine,
    database,
    scratch: join(scratch, "places"),
    unseen: ["page checksums"],
    archived: () => untilArchived(database, repository),
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
      await archiver.close();
      sealing[Symbol.dispose]();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

if (service.path === undefined) test("another PostgreSQL is backed up", { skip: service.skip }, () => {});
else engineContract("built-in, another PostgreSQL", open);
