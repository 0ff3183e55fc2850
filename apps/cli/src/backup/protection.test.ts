import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessengerConfig } from "@rempart/messenger-server/operator";
import { protectionOf } from "./protection.ts";

const OWN = { DATABASE_URL: "postgres://rempart@db/rempart", BACKUP_REPOSITORY: "file:/mnt/backups" };

test("what is backed up without anybody's doing is told, and what is not", () => {
  const told = (env: Readonly<Record<string, string>>) => protectionOf(readMessengerConfig(env));
  assert.deepEqual(told({ DATABASE_URL: OWN.DATABASE_URL }), {
    scheduled: false,
    text: "nothing is backed up: set BACKUP_REPOSITORY",
  });
  assert.match(
    told({ DATA_DIRECTORY: "/srv" }).text,
    /^every change, and a copy every 24 hours, to file:\/srv\/backups$/,
  );
  assert.match(told(OWN).text, /^a dump every 24 hours to file:\/mnt\/backups; .* is not backed up$/);
  assert.equal(told({ ...OWN, BACKUP_ENGINE: "none" }).scheduled, false);
  const pgbackrest = {
    ...OWN,
    BACKUP_ENGINE: "pgbackrest",
    ENCRYPTION_KEY: "/etc/passphrase",
    DATABASE_ADMIN_URL: OWN.DATABASE_URL,
    BACKUP_INTERVAL: "1800",
  };
  assert.match(told(pgbackrest).text, /^by pgBackRest, every change, and a copy every 30 minutes/);
  for (const missing of ["ENCRYPTION_KEY", "DATABASE_ADMIN_URL"])
    assert.throws(() => told({ ...pgbackrest, [missing]: "" }), new RegExp(missing));
  assert.throws(() => told({ ...OWN, BACKUP_ENGINE: "built-in" }), /BACKUP_ENGINE/);
});
