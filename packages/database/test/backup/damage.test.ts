import assert from "node:assert/strict";
import { chmod, cp, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  type BackupEngine,
  type BackupErrorCode,
  builtInEngine,
  directoryRepository,
  type RecoveryTarget,
} from "@rempart/database/backup";
import { hasCode } from "@rempart/kernel";
import { backedUpServer, keyringIn } from "./kit.ts";

/** One sound repository for the file; each test damages a copy of its own. */
const server = await backedUpServer();
after(() => server[Symbol.asyncDispose]());
await server.database.query("CREATE TABLE rows (id int)");
const { id } = await server.engine.run();
const committed: number[] = [];
for (let row = 1; row <= 4; row += 1) {
  await server.database.query("INSERT INTO rows VALUES ($1)", [row]);
  const [now] = await server.database.query<{ at: number }>(
    "SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at",
  );
  committed.push(now?.at ?? 0);
  await server.database.query("SELECT pg_sleep(0.01)");
  await server.archived();
}
const [{ name: walFolder = "" } = {}] = await readdir(join(server.repositoryDirectory, "wal"), {
  withFileTypes: true,
});
const segments = (await readdir(join(server.repositoryDirectory, "wal", walFolder)))
  .filter((name) => /^[0-9A-F]{24}$/.test(name))
  .toSorted();

interface Damaged {
  readonly root: string;
  readonly engine: BackupEngine;
  restore(target?: RecoveryTarget): Promise<unknown>;
}

async function copyOf(key = join(server.scratch, "key")): Promise<Damaged> {
  const place = await mkdtemp(join(server.scratch, "copy-"));
  await chmod(place, 0o711);
  const root = join(place, "repository");
  await cp(server.repositoryDirectory, root, { recursive: true });
  const engine = builtInEngine({ repository: directoryRepository(root), sealing: keyringIn(key) });
  const directory = join(place, "restored");
  return { root, engine, restore: (target = { kind: "latest" }) => engine.restore({ target, directory }) };
}

async function flipByte(file: string, at: number): Promise<void> {
  const content = await readFile(file);
  const place = at < 0 ? content.length + at : at;
  content[place] = (content[place] ?? 0) ^ 1;
  await writeFile(file, content);
}

async function cut(file: string): Promise<void> {
  const handle = await open(file, "r+");
  await handle.truncate((await handle.stat()).size - 100);
  await handle.close();
}

const pack = `backups/${id}/pack-000000`;
const manifest = `backups/${id}/manifest`;
/** Recovery reads it: it is of the time after the backup. */
const segment = `wal/${walFolder}/${segments.at(-2)}`;

const DAMAGES: readonly (readonly [string, (file: string) => Promise<void>, BackupErrorCode])[] = [
  ["changed in its first part", (file) => flipByte(file, 700), "object-altered"],
  ["changed in its last byte", (file) => flipByte(file, -1), "object-altered"],
  ["cut", cut, "object-altered"],
  ["emptied", (file) => writeFile(file, ""), "object-altered"],
];

for (const object of [pack, manifest, segment])
  for (const [how, damage, code] of DAMAGES)
    test(`${object.replace(/\/.*\//, " … ")} ${how}: verify names it, and restore refuses`, async () => {
      const { root, engine, restore } = await copyOf();
      await damage(join(root, object));
      const { findings, recoverableTo } = await engine.verify();
      assert.deepEqual(
        findings.map((finding) => [finding.code, finding.name]),
        [[code, object]],
      );
      const sound = object === segment && recoverableTo !== null && recoverableTo < (committed.at(-1) ?? 0);
      assert.ok(sound || recoverableTo === null);
      await assert.rejects(restore(), (error) => {
        assert.ok(hasCode(error, code), String(error));
        assert.match(error.message, new RegExp(object));
        return true;
      });
    });

test("an object that is lost is named by verify, and nothing is restored", async () => {
  const { root, engine, restore } = await copyOf();
  await rm(join(root, pack));
  const { findings } = await engine.verify();
  assert.deepEqual(
    findings.map((finding) => [finding.code, finding.name]),
    [["object-missing", pack]],
  );
  await assert.rejects(restore(), (error) => hasCode(error, "object-missing"));
});

test("objects that changed places do not open, though each is sealed by us", async () => {
  const { root, engine } = await copyOf();
  const [one, two] = [segments.at(-2), segments.at(-3)].map((name) =>
    join(root, "wal", walFolder, name ?? ""),
  );
  await rename(one ?? "", join(root, "spare"));
  await rename(two ?? "", one ?? "");
  await rename(join(root, "spare"), two ?? "");
  const { findings } = await engine.verify();
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["object-altered", "object-altered"],
  );
});

test("a backup copied under another's name is not taken for it", async () => {
  const { root, engine } = await copyOf();
  const other = `${id.slice(0, -8)}00000000`;
  await cp(join(root, "backups", id), join(root, "backups", other), { recursive: true });
  const { findings } = await engine.verify({ backup: other });
  assert.ok(findings.length > 0 && findings.every(({ code }) => code === "object-altered"));
});

test("another key opens nothing, and says that it is the key", async () => {
  const { engine, restore } = await copyOf(join(server.scratch, "another-key"));
  const { findings } = await engine.verify();
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["wrong-key"],
  );
  await assert.rejects(restore(), (error) => hasCode(error, "wrong-key"));
});

test("a gap in the log is named with the last restorable time, to which it can be restored", async () => {
  const { root, engine, restore } = await copyOf();
  const lost = segments.at(-2) ?? "";
  await rm(join(root, "wal", walFolder, lost));
  const status = await engine.status();
  assert.equal(status.missingSegment, lost);
  const { findings } = await engine.verify();
  assert.deepEqual(
    findings.map((finding) => [finding.code, finding.name]),
    [["wal-gap", lost]],
  );
  const error = await restore().catch((reason: unknown) => reason);
  assert.ok(hasCode(error, "wal-gap"), String(error));
  assert.equal(error.details.segment, lost);
  assert.equal(error.details.lastRestorableAt, status.recoverableTo);
  const at = Number(error.details.lastRestorableAt);
  assert.ok(at >= (committed[1] ?? 0) && at < (committed[3] ?? 0));
  await restore({ kind: "time", at });
});

test("a backup whose own log is lost cannot be restored, and counts for nothing", async () => {
  const { root, engine, restore } = await copyOf();
  const [first = ""] = (await readdir(join(root, "wal", walFolder))).filter((name) =>
    name.endsWith(".backup"),
  );
  await rm(join(root, "wal", walFolder, first.slice(0, 24)));
  assert.equal((await engine.status()).recoverableTo, null);
  await assert.rejects(restore(), (error) => hasCode(error, "wal-gap"));
});

test("a backup without a manifest was not finished, and is none", async () => {
  const { root, engine, restore } = await copyOf();
  await rm(join(root, manifest));
  assert.deepEqual(await engine.list(), []);
  await assert.rejects(restore(), (error) => hasCode(error, "no-backup"));
});

test("an older copy of the repository is sound, and its recovery point tells its age", async () => {
  const { root, engine } = await copyOf();
  for (const name of segments.slice(-2)) await rm(join(root, "wal", walFolder, name));
  assert.deepEqual((await engine.verify()).findings, []);
  const { recoverableTo } = await engine.status();
  assert.ok(recoverableTo !== null && recoverableTo < (committed.at(-1) ?? 0));
});

test("what a refused restore had begun is removed", async () => {
  const { root, restore } = await copyOf();
  await flipByte(join(root, pack), -1);
  await assert.rejects(restore());
  assert.deepEqual(await readdir(join(root, "..")), ["repository"]);
  await assert.rejects(stat(join(root, "..", "restored")), { code: "ENOENT" });
});

test("programs of another major version are refused before anything is written", async () => {
  const { root } = await copyOf();
  const program = join(root, "..", "postgres-17");
  await writeFile(program, "#!/bin/sh\necho 'postgres (PostgreSQL) 17.6'\n", { mode: 0o755 });
  const engine = builtInEngine({
    repository: directoryRepository(root),
    sealing: keyringIn(join(server.scratch, "key")),
    programs: { postgres: program },
  });
  const refused = engine.restore({ target: { kind: "latest" }, directory: join(root, "..", "restored") });
  await assert.rejects(refused, (error) => hasCode(error, "version-mismatch"));
});

test("a place that the server's account may not enter is refused before anything is written", {
  skip: process.getuid?.() !== 0 && "only root runs the server under another account",
}, async () => {
  const { root, restore } = await copyOf();
  await chmod(join(root, ".."), 0o700);
  await assert.rejects(restore(), (error) => hasCode(error, "target-closed"));
  assert.deepEqual(await readdir(join(root, "..")), ["repository"]);
});
