import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDatabase } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { requireService, startDebianPostgres } from "@rempart/testing";
import { workplace } from "./cli.ts";

const [postgres, gpg] = [await requireService("postgres"), await requireService("gpg")];
const skip = postgres.skip || gpg.skip;
const SCRIPTS = fileURLToPath(new URL("../../../ops/scripts/", import.meta.url));
const run = promisify(execFile);

/** As the first start of a messenger does. */
async function makeKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  using keyring = createKeyring({ local: localKeyFile(path), clock: systemClock, random: systemRandom });
  await keyring.seal(new Uint8Array(1), { table: "t", column: "c", row: "r" });
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

type Environment = Readonly<Record<string, string>>;

function scriptsIn(cwd: string, base: Environment) {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  return (name: string, args: readonly string[] = [], more: Environment = {}): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { PATH, HOME, NODE_COMPILE_CACHE, ...base, ...more };
      execFile("sh", [join(SCRIPTS, name), ...args], { cwd, env }, (error, out, said) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, said }),
      );
    });
}

test("the scripts of the administrators' guide, on a server of one's own", { skip }, async (t) => {
  await using place = await workplace();
  await using server = await startDebianPostgres({ service: "postgres" });
  const admin = createDatabase({ url: server.url });
  const addressOf = (name: string): string => server.url.replace(/postgres$/, name);
  for (const name of ["app", "again", "old"]) await admin.query(`CREATE DATABASE ${name}`);
  const database = createDatabase({ url: addressOf("app") });
  t.after(async () => {
    await Promise.all([admin.close(), database.close()]);
  });
  const passphrase = join(place.cwd, "passphrase");
  await writeFile(passphrase, "correct horse battery\n", { mode: 0o600 });
  await makeKey(join(place.cwd, ".rempart", "keys", "local"));
  const repository = join(place.cwd, "backups");
  const base = {
    DATABASE_URL: addressOf("app"),
    BACKUP_REPOSITORY: `file:${repository}`,
    ENCRYPTION_KEY: passphrase,
  };
  const script = scriptsIn(place.cwd, base);
  const done = async (...call: Parameters<typeof script>): Promise<string> => {
    const { code, out, said } = await script(...call);
    assert.equal(code, 0, said);
    return out;
  };
  const refused = async (about: RegExp, ...call: Parameters<typeof script>): Promise<void> => {
    const { code, said } = await script(...call);
    assert.equal(code, 1);
    assert.match(said, about);
  };

  await t.test(
    "media that no message refers to are shown, and forgotten when that is confirmed",
    async () => {
      await done("cleanup-old-media.sh", ["--dry-run"]);
      await database.query(`INSERT INTO media_files (id, s3_key, size, digest, created_at)
      SELECT gen_random_uuid(), key, 1000, sha256(key::bytea), now() - age
      FROM (VALUES ('old', interval '91 days'), ('used', '91 days'), ('young', '89 days')) AS made (key, age)`);
      await database.query(`INSERT INTO messages (id, conversation_id, seq, sender_id, kind, media_id, created_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), 'event', id, now() FROM media_files WHERE s3_key = 'used'`);
      const shown = await done("cleanup-old-media.sh", ["--days", "90", "--dry-run"]);
      assert.match(shown, /^old /m);
      assert.match(shown, /^1 files, 1000 B$/m);
      await refused(/say --dry-run/, "cleanup-old-media.sh", ["--days", "90"]);
      assert.equal(await done("cleanup-old-media.sh", ["--days", "90", "--confirm"]), "old\n");
      const left = await database.query("SELECT s3_key FROM media_files ORDER BY 1");
      assert.deepEqual(left, [{ s3_key: "used" }, { s3_key: "young" }]);
    },
  );

  await t.test("a backup is taken, verified and seen; a messenger that is down is told", async () => {
    const before = await script("health-check.sh", [], { PORT: "1" });
    assert.match(before.out, /ok +database\nfailed +backups/);
    await done("backup.sh");
    await done("test-backup.sh");
    const { code, out } = await script("health-check.sh", [], { PORT: "1" });
    assert.equal(code, 1);
    assert.match(out, /failed +messenger at \S+:1\/health\/ready\nok +database\nok +backups \(dump\)/);
  });

  await t.test(
    "the newest is restored into an empty database, where clients will resynchronise",
    async () => {
      const DATABASE_URL = addressOf("again");
      await refused(/say what to restore/, "restore.sh", []);
      await refused(/restore into an empty one/, "restore.sh", ["latest", "--yes"]);
      await done("restore.sh", ["latest", "--yes"], { DATABASE_URL });
      const restored = createDatabase({ url: DATABASE_URL });
      const [row] = await restored.query<{ incarnation: number; media: number }>(
        "SELECT incarnation, (SELECT count(*)::int FROM media_files) AS media FROM server_state",
      );
      await restored.close();
      assert.equal(row?.media, 2);
      assert.ok(row.incarnation > 1);
    },
  );

  await t.test("an archive of the scripts of before is restored by its name", async () => {
    const file = join(repository, "secure-messenger_20241204_120000.sql.gz.gpg");
    const home = join(place.cwd, "gnupg");
    await mkdir(home, { mode: 0o700 });
    const pack =
      'echo "CREATE TABLE kept AS SELECT 42 AS answer;" | gzip | gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$KEY" --symmetric --output "$FILE"; gpgconf --kill all';
    await run("sh", ["-ec", pack], { env: { ...process.env, KEY: passphrase, FILE: file, GNUPGHOME: home } });
    const DATABASE_URL = addressOf("old");
    await done("restore.sh", ["secure-messenger_20241204_120000.sql.gz.gpg", "--yes"], { DATABASE_URL });
    const old = createDatabase({ url: DATABASE_URL });
    assert.deepEqual(await old.query("SELECT answer FROM kept"), [{ answer: 42 }]);
    await old.close();
  });

  await t.test("a key in place of the name of its file is refused, and never printed", async () => {
    const ENCRYPTION_KEY = "8f".repeat(32);
    const { code, said, out } = await script("backup.sh", [], { ENCRYPTION_KEY });
    assert.equal(code, 1);
    assert.match(said, /ENCRYPTION_KEY names a file/);
    assert.doesNotMatch(said + out, /8f8f/);
  });
});

test("pgBackRest by name: it says what the server lacks, then takes a backup", { skip }, async () => {
  const found = await requireService("pgbackrest");
  if (found.skip) return;
  await using place = await workplace();
  await using server = await startDebianPostgres({ service: "postgres", settings: { archive_mode: "on" } });
  const passphrase = join(place.cwd, "passphrase");
  await writeFile(passphrase, "correct-horse-battery\n", { mode: 0o600 });
  await mkdir(join(place.cwd, ".rempart"));
  await chmod(join(place.cwd, ".rempart"), 0o711);
  await mkdir(join(place.cwd, "backups"));
  const script = scriptsIn(place.cwd, {
    DATABASE_URL: server.url,
    DATABASE_ADMIN_URL: server.url,
    BACKUP_REPOSITORY: `file:${join(place.cwd, "backups")}`,
    ENCRYPTION_KEY: passphrase,
    BACKUP_ENGINE: "pgbackrest",
  });
  const first = await script("backup.sh");
  assert.equal(first.code, 1);
  const [, command = ""] = /set archive_command to (.*)$/m.exec(first.said) ?? [];
  const database = createDatabase({ url: server.url });
  await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await database.query("SELECT pg_reload_conf()");
  await database.close();
  const taken = await script("backup.sh", ["--json"]);
  assert.equal(taken.code, 0, taken.said);
  const listed = await script("test-backup.sh");
  assert.equal(listed.code, 0, listed.said);
});
