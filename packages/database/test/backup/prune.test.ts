import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type PruneOptions,
  pruneBackups,
  type RecoveryTarget,
  type Repository,
  type RestoreHook,
} from "@rempart/database/backup";
import { hasCode, manualClock, systemClock, systemRandom } from "@rempart/kernel";
import { whileLocked } from "../../src/backup/builtin/lock.ts";
import { once } from "../../src/backup/sealed/objects.ts";
import { type BackedUpServer, backedUpServer } from "./kit.ts";

const DAY_MS = 24 * 3_600_000;

let server: BackedUpServer;
let deletesLeft = Number.POSITIVE_INFINITY;

/** Dies in the middle, when it is told to. */
function mortal(repository: Repository): Repository {
  return {
    ...repository,
    async delete(name) {
      if (!name.startsWith("locks/")) {
        deletesLeft -= 1;
        if (deletesLeft < 0) throw new Error("killed");
      }
      await repository.delete(name);
    },
  };
}

before(async () => {
  server = await backedUpServer({ wrap: mortal });
  await server.database.query("CREATE TABLE rows AS SELECT i AS id FROM generate_series(1, 1000) i");
  for (let i = 0; i < 3; i += 1) {
    await server.engine.run();
    await server.database.query("INSERT INTO rows VALUES (0)");
    await server.archived();
  }
});
after(() => server.stop());

/** In ten days, when nothing but the newest counts. */
function later(more: Partial<PruneOptions> = {}): PruneOptions {
  return {
    policy: { keepMs: 7 * DAY_MS, archiveMs: 0 },
    clock: manualClock(Date.now() + 10 * DAY_MS),
    ...more,
  };
}

function rowCount(): RestoreHook & { readonly counts: number[] } {
  const counts: number[] = [];
  return {
    name: "count",
    counts,
    async run({ database }) {
      counts.push((await database.query("SELECT FROM rows")).length);
    },
  };
}

async function names(): Promise<string[]> {
  return Array.fromAsync(server.repository.list(""), ({ name }) => name);
}

/** What was there before and is there no more. The server may hand over more of its log at any moment. */
async function gone(before: readonly string[]): Promise<string[]> {
  const left = new Set(await names());
  return before.filter((name) => !left.has(name));
}

test("while all of it counts, only the log from before the first backup goes", async () => {
  const before = await names();
  const [first] = before.filter((name) => name.startsWith("wal/"));
  const report = await pruneBackups(server, later({ clock: manualClock(Date.now()) }));
  assert.deepEqual([report.removed, report.orphans, report.segments], [[], [], 1]);
  assert.equal(report.kept.length, 3);
  assert.deepEqual(await gone(before), [first]);
});

test("a dry run says what would go, and removes nothing", async () => {
  const before = await names();
  const report = await pruneBackups(server, later({ dryRun: true }));
  assert.equal(report.removed.length, 1);
  assert.ok(report.segments > 0 && report.bytes > 0);
  assert.deepEqual(await gone(before), []);
});

test("killed after any number of deletions, what is left is whole, and the next one finishes", async () => {
  const { removed } = await pruneBackups(server, later({ dryRun: true }));
  for (const left of [0, 1, 2]) {
    deletesLeft = left;
    await assert.rejects(pruneBackups(server, later()), /killed/);
    deletesLeft = Number.POSITIVE_INFINITY;
    for (const { id } of await server.engine.list())
      assert.deepEqual((await server.engine.verify({ backup: id })).findings, [], `${id} after ${left}`);
  }
  await pruneBackups(server, later());
  assert.ok(!(await names()).some((name) => name.includes(removed[0] as string)));
});

test("what was kept is restored, with everything that was written since", async () => {
  const hook = rowCount();
  for (const { id } of await server.engine.list()) {
    const directory = join(server.scratch, `restored-${id}`);
    await server.engine.restore({ target: { kind: "latest" }, backup: id, directory, hooks: [hook] });
    assert.equal(hook.counts.at(-1), 1_003);
  }
});

test("what a killed backup left goes after a day, and not before", async () => {
  const id = "20260101T000000Z-0123abcd";
  await server.repository.put(`backups/${id}/pack-000000`, once(Buffer.from("half")));
  const soon = await pruneBackups(server, later({ clock: manualClock(Date.now()) }));
  assert.deepEqual(soon.orphans, []);
  assert.deepEqual((await pruneBackups(server, later())).orphans, [id]);
  assert.ok(!(await names()).some((name) => name.includes(id)));
});

test("while a backup is under way it waits for another time", async () => {
  const held = { repository: server.repository, clock: systemClock, random: systemRandom };
  await whileLocked(held, () =>
    assert.rejects(pruneBackups(server, later()), (error) => hasCode(error, "busy")),
  );
});

test("one that is archived is restored to the moment it was taken, although the log after it is gone", async () => {
  const archived = await server.engine.run();
  for (let i = 0; i < 3; i += 1) {
    await server.database.query("INSERT INTO rows VALUES (0)");
    await server.archived();
  }
  for (let i = 0; i < 2; i += 1) await server.engine.run();
  const policy = { keepMs: DAY_MS, archiveMs: 365 * DAY_MS };
  const report = await pruneBackups(server, later({ policy }));
  assert.equal(report.kept.length, 2);
  assert.ok(report.archived.includes(archived.id));
  const hook = rowCount();
  const restore = (target: RecoveryTarget, name: string) =>
    server.engine.restore({
      target,
      backup: archived.id,
      directory: join(server.scratch, name),
      hooks: [hook],
    });
  await restore({ kind: "time", at: archived.stoppedAt }, "archived");
  assert.deepEqual(hook.counts, [1_003]);
  await assert.rejects(restore({ kind: "latest" }, "beyond"), (error) => hasCode(error, "wal-gap"));
});

test("with a manifest that cannot be read nothing goes", async () => {
  const [first] = await server.engine.list();
  const manifest = `backups/${first?.id}/manifest`;
  await server.repository.put(manifest, once(Buffer.from("not a manifest")));
  const before = await names();
  await assert.rejects(pruneBackups(server, later()), (error) => hasCode(error, "object-altered"));
  assert.deepEqual(await gone(before), []);
});
