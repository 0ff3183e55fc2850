import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { type BackupManifest, backupId, decodeManifest, encodeManifest } from "./manifest.ts";

const id = "20261121T120000Z-0a1b2c3d";
const sound: BackupManifest = {
  format: 1,
  id,
  systemIdentifier: "7312345678901234567",
  serverVersion: "18.4",
  startedAt: 1_000,
  stoppedAt: 2_000,
  timeline: 1,
  startLsn: "0/2000028",
  stopLsn: "0/2000120",
  segmentBytes: 2 ** 24,
  backupLabel: "START WAL LOCATION: 0/2000028\n",
  tablespaceMap: "",
  tablespaces: [{ oid: "16400", location: "/srv/fast" }],
  directories: ["base", "base/1"],
  files: [
    { path: "PG_VERSION", size: 3 },
    { path: "base/1/1259", size: 8_192 },
  ],
  packs: [{ bytes: 8_195, storedBytes: 900 }],
};

function refused(change: object): void {
  const bytes = Buffer.from(JSON.stringify({ ...sound, ...change }));
  assert.throws(
    () => decodeManifest(bytes, id),
    (error) => hasCode(error, "object-altered"),
    JSON.stringify(change),
  );
}

test("what is said of pages is bounded, and may be left out", () => {
  const named = ["base/1/1259, block 0"];
  for (const pages of [null, { checked: 1, damaged: 0, named: [] }, { checked: 5, damaged: 2, named }])
    assert.deepEqual(decodeManifest(encodeManifest({ ...sound, pages }), id).pages, pages);
  for (const pages of [
    true,
    {},
    { checked: -1, damaged: 0, named: [] },
    { checked: 1, damaged: 0, named },
    { checked: 1, damaged: 1, named: [7] },
    { checked: 1, damaged: 1, named: ["x".repeat(2_000)] },
  ])
    refused({ pages });
});

test("a manifest is read as it was written, under its own name only", () => {
  assert.deepEqual(decodeManifest(encodeManifest(sound), id), sound);
  assert.throws(() => decodeManifest(encodeManifest(sound), `${id.slice(0, -1)}e`));
});

test("a path that leads out of the data directory is refused, also from whoever holds the key", () => {
  for (const path of [
    "../x",
    "/etc/passwd",
    "base/../../x",
    "base//x",
    "./x",
    "",
    "base/",
    "x\0y",
    "x".repeat(1_025),
  ]) {
    refused({ directories: [path] });
    refused({ files: [{ path, size: 8_195 }] });
  }
});

test("files that the packs do not hold exactly are refused", () => {
  refused({ packs: [{ bytes: 8_194, storedBytes: 900 }] });
  refused({ packs: [] });
  refused({ files: [...sound.files, { path: "more", size: 1 }] });
  refused({ files: [{ path: "x", size: -1 }] });
  refused({ files: [{ path: "x", size: 0.5 }] });
});

test("a field that is missing or of another kind is refused", () => {
  for (const field of Object.keys(sound)) {
    refused({ [field]: undefined });
    refused({ [field]: { nested: true } });
  }
  refused({ segmentBytes: 3 * 2 ** 20 });
  refused({ stoppedAt: 999 });
  refused({ startLsn: "2000028" });
});

test("whatever text claims to be a manifest is refused by its code", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      assert.throws(
        () => decodeManifest(Buffer.from(text), id),
        (error) => hasCode(error, "object-altered"),
      );
    }),
  );
});

test("names of backups sort as their times", () => {
  const random = Uint8Array.of(1, 2, 3, 4);
  assert.equal(backupId(Date.UTC(2026, 10, 21, 9, 5, 3, 999), random), "20261121T090503Z-01020304");
});
