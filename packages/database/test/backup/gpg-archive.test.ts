import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createDatabase } from "@rempart/database";
import { restoreGpgArchive } from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import { requireService, scratchPlace, startDebianPostgres } from "@rempart/testing";

const [postgres, gpg] = [await requireService("postgres"), await requireService("gpg")];
const skip = postgres.skip || gpg.skip;
const shell = promisify(execFile);
const PASSPHRASE = "the old passphrase";

/** As the scripts of before wrote it. */
const ARCHIVE = `pg_dump "$DATABASE_URL" | gzip | gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$KEY" --symmetric --cipher-algo AES256 --output "$FILE"`;

test("an archive of the scripts of before is loaded whole, or not at all", { skip }, async (t) => {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-gpg-"));
  await using server = await startDebianPostgres({ service: "postgres" });
  const database = createDatabase({ url: server.url });
  t.after(async () => {
    await database.close();
    await shell("gpgconf", ["--kill", "all"], { env: { ...process.env, GNUPGHOME: place } });
    await rm(place, { recursive: true, force: true });
  });
  const file = join(place, "secure-messenger_20241204_120000.sql.gz.gpg");
  const key = join(place, "key");
  await writeFile(key, PASSPHRASE);
  await database.query(
    "CREATE TABLE users AS SELECT id, md5(id::text) AS name FROM generate_series(1, 20000) id",
  );
  const env = { ...process.env, DATABASE_URL: server.url, KEY: key, FILE: file, GNUPGHOME: place };
  await shell("sh", ["-ec", ARCHIVE], { env });
  await database.query("CREATE DATABASE new");
  const url = server.url.replace(/\/postgres$/, "/new");
  const restored = createDatabase({ url });
  const count = async (): Promise<number | null> => {
    const [row] = await restored.query<{ found: boolean }>(
      "SELECT to_regclass('users') IS NOT NULL AS found",
    );
    if (row?.found !== true) return null;
    return (await restored.query<{ n: number }>("SELECT count(*)::int AS n FROM users"))[0]?.n ?? null;
  };

  await t.test("another passphrase opens nothing", async () => {
    const wrong = restoreGpgArchive({ file, url, passphrase: new Secret("another") });
    await assert.rejects(wrong, { code: "wrong-key" });
    assert.equal(await count(), null);
  });

  await t.test("an archive that is cut or altered leaves an empty database", async () => {
    const whole = await readFile(file);
    const altered = Buffer.from(whole);
    altered.writeUInt8(altered.readUInt8(altered.length - 30) ^ 1, altered.length - 30);
    for (const content of [whole.subarray(0, -100), whole.subarray(0, whole.length / 2), altered]) {
      const damaged = join(place, "damaged.sql.gz.gpg");
      await writeFile(damaged, content);
      const failed = restoreGpgArchive({ file: damaged, url, passphrase: new Secret(PASSPHRASE) });
      await assert.rejects(failed, { code: "object-altered" });
      assert.equal(await count(), null);
    }
  });

  await t.test("the whole one is loaded, once", async () => {
    await restoreGpgArchive({ file, url, passphrase: new Secret(PASSPHRASE) });
    assert.equal(await count(), 20_000);
    const again = restoreGpgArchive({ file, url, passphrase: new Secret(PASSPHRASE) });
    await assert.rejects(again, { code: "target-not-empty" });
    await restored.close();
  });

  await t.test("there must be one", async () => {
    const none = restoreGpgArchive({ file: join(place, "none"), url, passphrase: new Secret(PASSPHRASE) });
    await assert.rejects(none, { code: "no-backup" });
  });
});
