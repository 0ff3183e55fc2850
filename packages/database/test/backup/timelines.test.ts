import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createDatabase, type Database, startEmbeddedPostgres } from "@rempart/database";
import {
  type BackupEngine,
  builtInEngine,
  createWalArchiver,
  directoryRepository,
  type RecoveryTarget,
  restoreEmbedded,
} from "@rempart/database/backup";
import { scratchPlace } from "@rempart/testing";
import { keyringIn, untilArchived } from "./kit.ts";

test("a server restored in its place, again and again, loses what was said to be lost and nothing else", async (t) => {
  const scratch = await mkdtemp(join(await scratchPlace(), "rempart-backup-"));
  await chmod(scratch, 0o711);
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const repository = directoryRepository(join(scratch, "repository"));
  const sealing = keyringIn(join(scratch, "key"));
  const directory = join(scratch, "postgres");

  /** One life of the server, with its archiver. */
  async function whileServing<T>(work: (database: Database, engine: BackupEngine) => Promise<T>): Promise<T> {
    const archiver = createWalArchiver({ repository, sealing });
    const server = await startEmbeddedPostgres({ directory, durable: false, settings: archiver.attach });
    const database = createDatabase({ url: server.superuserUrl });
    const source = { database, dataDirectory: server.dataDirectory };
    try {
      return await work(database, builtInEngine({ repository, sealing, source, archiveWaitMs: 20_000 }));
    } finally {
      await database.close();
      await server.stop();
      await archiver.close();
    }
  }

  const restore = (target: RecoveryTarget, hooks: string[]) =>
    restoreEmbedded({
      engine: builtInEngine({ repository, sealing }),
      directory,
      target,
      hooks: [
        {
          name: "who",
          async run({ database }) {
            const [row] = await database.query<{ who: string }>(
              "SELECT current_user || ' of ' || current_database() AS who",
            );
            hooks.push(row?.who ?? "");
          },
        },
      ],
    });
  const rowsOf = async (database: Database): Promise<number[]> =>
    (await database.query<{ id: number }>("SELECT id FROM rows ORDER BY id")).map(({ id }) => id);
  const insert = (database: Database, id: number) => database.query("INSERT INTO rows VALUES ($1)", [id]);

  const at = await whileServing(async (database, engine) => {
    await database.query("CREATE TABLE rows (id int)");
    await engine.run();
    await insert(database, 1);
    const [now] = await database.query<{ at: number }>(
      "SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at, pg_sleep(0.01)",
    );
    await insert(database, 2);
    return now?.at ?? 0;
  });

  const hooks: string[] = [];
  const first = await restore({ kind: "time", at }, hooks);
  assert.deepEqual([first.timeline, first.hooks, hooks], [2, ["who"], ["rempart of rempart"]]);
  assert.match(first.keptAt ?? "", /data\.before-/);
  await whileServing(async (database) => {
    assert.deepEqual(await rowsOf(database), [1]);
    await insert(database, 3);
    await untilArchived(database, repository);
  });

  // The machine is lost: a new one has the repository and the key.
  await rm(directory, { recursive: true });
  const second = await restore({ kind: "latest" }, hooks);
  assert.deepEqual([second.timeline, second.keptAt], [3, null]);
  await whileServing(async (database, engine) => {
    assert.deepEqual(await rowsOf(database), [1, 3]);
    await insert(database, 4);
    const fresh = await engine.run();
    await insert(database, 5);
    assert.equal((await engine.list()).at(-1)?.id, fresh.id);
  });

  const third = await restore({ kind: "latest" }, hooks);
  await whileServing(async (database, engine) => {
    assert.deepEqual([third.timeline, await rowsOf(database)], [4, [1, 3, 4, 5]]);
    assert.deepEqual((await engine.verify()).findings, []);
  });
  const kept = (await readdir(directory)).filter((name) => name.startsWith("data"));
  assert.deepEqual(kept.length, 2);
});
