import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { readMessengerConfig } from "./config.ts";

const DAY_MS = 24 * 3_600_000;

test("a directory keeps a week; unset, it stands under the data", () => {
  const { backup } = readMessengerConfig({ DATA_DIRECTORY: "/data" });
  assert.deepEqual(backup.repository, { kind: "directory", path: resolve("/data/backups") });
  assert.deepEqual(backup.retention, { keepMs: 7 * DAY_MS, archiveMs: 0 });
  assert.equal(readMessengerConfig({ BACKUP_REPOSITORY: "none" }).backup.repository, null);
  assert.deepEqual(readMessengerConfig({ BACKUP_REPOSITORY: "file:/elsewhere" }).backup.repository, {
    kind: "directory",
    path: "/elsewhere",
  });
});

test("S3 keeps a month, and of each week of a year one backup, unless told", () => {
  const named = { BACKUP_REPOSITORY: "s3://our-backups/messenger/production", AWS_REGION: "eu-west-3" };
  const { backup } = readMessengerConfig(named);
  assert.deepEqual(backup.repository, {
    kind: "s3",
    bucket: "our-backups",
    prefix: "messenger/production",
    region: "eu-west-3",
    endpoint: null,
    authorities: null,
    lockDays: 0,
  });
  assert.deepEqual(backup.retention, { keepMs: 30 * DAY_MS, archiveMs: 365 * DAY_MS });
  const told = readMessengerConfig({ ...named, BACKUP_KEEP_DAYS: "3", BACKUP_ARCHIVE_DAYS: "0" });
  assert.deepEqual(told.backup.retention, { keepMs: 3 * DAY_MS, archiveMs: 0 });
});

test("what names no place, or a bucket without its region, is refused by the variable's name", () => {
  for (const BACKUP_REPOSITORY of ["/srv/backups", "s3://", "s3://UPPER", "s3://bucket/../up", "ftp://x"])
    assert.throws(() => readMessengerConfig({ BACKUP_REPOSITORY }), /BACKUP_REPOSITORY/);
  assert.throws(() => readMessengerConfig({ BACKUP_REPOSITORY: "s3://our-backups" }), /BACKUP_S3_REGION/);
});
