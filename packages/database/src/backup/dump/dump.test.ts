import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { connectionEnvironment } from "./client-programs.ts";
import { isGpgArchive } from "./gpg-archive.ts";
import { type DumpManifest, decodeDumpManifest, dumpedFileName } from "./manifest.ts";

const ID = "20261121T105156Z-0a1b2c3d";
const MANIFEST: DumpManifest = {
  format: 1,
  id: ID,
  startedAt: 1,
  stoppedAt: 2,
  serverVersion: "15.18",
  programVersion: 17,
  database: "app",
  databaseBytes: 10,
  files: [{ name: "toc.dat", size: 3, storedBytes: 9 }],
};

test("a manifest comes back, and what is none is refused", () => {
  const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  assert.deepEqual(decodeDumpManifest(bytes(MANIFEST), ID), MANIFEST);
  const wrong = [
    { ...MANIFEST, id: "20261121T105156Z-ffffffff" },
    { ...MANIFEST, files: [{ name: "../../etc/passwd", size: 1, storedBytes: 1 }] },
    { ...MANIFEST, files: [{ name: "toc.dat", size: -1, storedBytes: 1 }] },
    { ...MANIFEST, database: "" },
  ];
  for (const value of wrong)
    assert.throws(() => decodeDumpManifest(bytes(value), ID), { code: "object-altered" });
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      try {
        decodeDumpManifest(Buffer.from(text), ID);
      } catch (error) {
        assert.ok(hasCode(error, "object-altered"), String(error));
      }
    }),
  );
  assert.throws(() => dumpedFileName(ID, "../x"), TypeError);
});

test("what stands in an address goes to libpq, and nothing else does", () => {
  assert.deepEqual(
    connectionEnvironment(
      "postgres://us%40er:p%3Ass@[::1]:6000/my%20db?host=/run/x&sslmode=require&options=-c%20a%3Db",
    ),
    {
      PGHOST: "/run/x",
      PGPORT: "6000",
      PGUSER: "us@er",
      PGPASSWORD: "p:ss",
      PGDATABASE: "my db",
      PGSSLMODE: "require",
      PGAPPNAME: "rempart-backup",
    },
  );
  assert.equal(connectionEnvironment("postgres://[::1]/x").PGHOST, "::1");
});

test("archives of gpg are known by their names", () => {
  assert.ok(isGpgArchive("secure-messenger_20241204_120000.sql.gz.gpg"));
  assert.ok(!isGpgArchive(ID));
});
