import assert from "node:assert/strict";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createDatabase, findEmbeddedPostgres } from "@rempart/database";
import {
  type BackupStatus,
  type BackupSummary,
  directoryRepository,
  type EmbeddedRestoreReport,
  type VerifyReport,
} from "@rempart/database/backup";
import { until } from "@rempart/testing";
import { type CliOptions, isBackedUp, rempart, workplace } from "./cli.ts";
import { printed, refuses } from "./here.ts";

async function run<T>({ cwd }: CliOptions, ...args: readonly string[]): Promise<T> {
  return JSON.parse(await printed(["backup", ...args, "--json"], {}, cwd)) as T;
}

const refused = ({ cwd, env }: CliOptions, about: RegExp, ...args: readonly string[]): Promise<void> =>
  refuses(about, ["backup", ...args], env, cwd);

interface Held {
  incarnation: number;
  unclaimed: number;
}

/** Of the messenger that runs there. */
async function heldIn(cwd: string): Promise<Held> {
  const server = await findEmbeddedPostgres(join(cwd, ".rempart", "postgres"));
  const database = createDatabase({ url: server?.url ?? "", poolSize: 1 });
  try {
    const [row] = await database.query<Held>(
      "SELECT incarnation, (SELECT count(*) FROM key_packages WHERE claimed_at IS NULL) AS unclaimed FROM server_state",
    );
    return row as Held;
  } finally {
    await database.close();
  }
}

async function stop(messenger: ReturnType<typeof rempart>): Promise<void> {
  messenger.child.kill("SIGTERM");
  assert.equal(await messenger.ended, 0, messenger.said());
}

test("a messenger is backed up by itself, and comes back on a new machine from the repository and the key", async () => {
  await using place = await workplace();
  const data = join(place.cwd, ".rempart");
  const first = rempart(["up"], place);
  await first.serving();
  const repository = directoryRepository(join(data, "backups"));
  await until(async () => isBackedUp(await Array.fromAsync(repository.list(""))));
  await refused(place, /runs a server/, "restore", "--yes");
  const before = await heldIn(place.cwd);
  const taken = await run<BackupSummary>(place, "run");
  const listed = await run<BackupSummary[]>(place, "list");
  assert.equal(listed.at(-1)?.id, taken.id);
  await stop(first);

  const verified = await run<VerifyReport>(place, "verify");
  assert.deepEqual([verified.backup, verified.findings], [taken.id, []]);
  await rm(join(data, "postgres"), { recursive: true });
  await rm(join(data, "audit"), { recursive: true });
  const restore = rempart(["backup", "restore", "--yes", "--json"], place);
  assert.equal(await restore.ended, 0, restore.said());
  const restored: EmbeddedRestoreReport = JSON.parse(restore.logged());
  assert.equal(restored.keptAt, null);
  assert.deepEqual(restored.hooks, ["migrations", "incarnation", "key packages", "audit log", "erasures"]);
  const second = rempart(["up"], place);
  await second.serving();
  const after = await heldIn(place.cwd);
  assert.ok(after.incarnation > before.incarnation);
  assert.equal(after.unclaimed, 0);
  await stop(second);
  const status = await run<BackupStatus>(place, "status");
  assert.equal(status.missingSegment, null);
});

test("without its key, or with a wrong word, nothing is touched", async () => {
  await using place = await workplace();
  const key = join(place.cwd, ".rempart", "keys", "local");
  const messenger = rempart(["up"], place);
  await messenger.serving();
  await stop(messenger);
  const home = join(place.cwd, ".rempart", "postgres");
  const before = await readdir(home);
  await refused(place, /target|Name one/, "restore", "--yes", "--name", "x", "--lsn", "0/1");
  await refused(place, /zone/, "restore", "--yes", "--time", "2026-11-21T12:00:00");
  await refused(place, /--yes/, "restore");
  await refused(place, /no whole backup/, "restore", "--yes", "../../etc");
  await rename(key, `${key}.away`);
  await refused(place, /key .* is missing/, "restore", "--yes");
  await refused({ ...place, env: { BACKUP_REPOSITORY: "none" } }, /BACKUP_REPOSITORY/, "status");
  assert.deepEqual(await readdir(home), before);
});
