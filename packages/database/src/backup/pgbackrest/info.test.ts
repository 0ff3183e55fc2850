import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import fc from "fast-check";
import { formatLsn } from "../wal/lsn.ts";
import { segmentName, segmentNumberOf } from "../wal/names.ts";
import { configurationText } from "./configuration.ts";
import { parseArchiveListing, parseInfo, parseTablespaces } from "./info.ts";
import { segmentSizeOf } from "./repository.ts";
import { parseVerify } from "./verify.ts";

/** As pgBackRest 2.45 says it. */
const INFO = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000003","min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":26867290,"repository":{"delta":3155344,"size":3155344},"size":26867290},"label":"20261121-105156F","lsn":{"start":"0/2000028","stop":"0/2000100"},"prior":null,"reference":null,"timestamp":{"start":1795258316,"stop":1795258319},"type":"full"}],"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7710575741435091636,"version":"15"}],"name":"rempart","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]`;

test("what pgBackRest says of its backups is read", () => {
  const { backups, archive, serverVersion, exists } = parseInfo(INFO);
  assert.deepEqual(
    { archive, serverVersion, exists },
    { archive: "15-1", serverVersion: "15", exists: true },
  );
  const [backup] = backups;
  assert.equal(backup?.label, "20261121-105156F");
  assert.deepEqual([backup.startedAt, backup.stoppedAt], [1_795_258_316_000, 1_795_258_320_000]);
  const [none, unopened] = [1, 99].map((code) => `[{"status":{"code":${code}}}]`);
  assert.equal(parseInfo(none ?? "").exists, false);
  assert.throws(() => parseInfo(unopened ?? ""), { code: "wrong-key" });
  for (const [said, code] of UNOPENED) {
    const status = { code: 99, message: said };
    const text = JSON.stringify([{ status: { code: 99 }, repo: [{ status }] }]);
    assert.throws(() => parseInfo(text), { code }, said);
  }
});

test("backups of a database system that was replaced do not count", () => {
  const [stanza] = JSON.parse(INFO);
  stanza.db.push({ id: 2, version: "16" });
  assert.deepEqual(parseInfo(JSON.stringify([stanza])).backups, []);
  assert.equal(parseInfo(JSON.stringify([stanza])).archive, "16-2");
});

const CODES = ["object-altered", "wrong-key", "repository-unavailable"];

/** As pgBackRest 2.45 says it. */
const UNOPENED = [
  ["[ProtocolError] HTTP request failed with 403 (Forbidden)", "repository-unavailable"],
  ["[CryptoError] unable to verify certificate presented by 'localhost'", "repository-unavailable"],
  ["[CryptoError] unable to flush", "wrong-key"],
  ["[FormatError] no sections", "wrong-key"],
] as const;

test("whatever is said instead of it is refused in words of ours", () => {
  const hostile = fc.oneof(
    fc.json(),
    fc.string(),
    fc.nat(INFO.length - 1).map((at) => `${INFO.slice(0, at)}0${INFO.slice(at + 1)}`),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      for (const parse of [parseInfo, parseTablespaces, parseArchiveListing])
        try {
          parse(text);
        } catch (error) {
          assert.ok(
            CODES.some((code) => hasCode(error, code)),
            String(error),
          );
        }
    }),
  );
  const [stanza] = JSON.parse(INFO);
  stanza.backup[0].label = "../../etc";
  assert.throws(() => parseInfo(JSON.stringify([stanza])), { code: "object-altered" });
});

test("the archive's files are known by the names that PostgreSQL asks for, and others are not", () => {
  const hash = "ef8c1aa8fcd7737665fcc192864f983829058898";
  const { files, bytes } = parseArchiveListing(
    JSON.stringify({
      ".": { type: "path" },
      [`0000000100000000/000000010000000000000001-${hash}.zst`]: { type: "file", size: 10, time: 1 },
      "0000000100000000/000000010000000000000002.00000028.backup": { type: "file", size: 3, time: 1 },
      "00000002.history": { type: "file", size: 2, time: 1 },
      "../../etc/passwd": { type: "file", size: 1, time: 1 },
    }),
  );
  assert.deepEqual([...files.keys()], ["000000010000000000000001", "00000002.history"]);
  assert.equal(bytes, 16);
});

test("the size of segments is the one by which the backup began in its first segment", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 30 }),
      fc.bigInt({ min: 2n ** 33n, max: 2n ** 40n }),
      (power, lsn) => {
        const bytes = 2 ** power;
        const startSegment = segmentName({ timeline: 3, number: segmentNumberOf(lsn, bytes) }, bytes);
        const size = segmentSizeOf({ startLsn: formatLsn(lsn), startSegment });
        assert.equal(segmentName({ timeline: 3, number: segmentNumberOf(lsn, size) }, size), startSegment);
      },
    ),
  );
  assert.throws(() => segmentSizeOf({ startLsn: "0/2000028", startSegment: "0000000100000000000000FF" }), {
    code: "object-altered",
  });
});

const VERIFIED = `stanza: rempart
status: error
  archiveId: 15-1, total WAL checked: 3, total valid WAL: 2
    missing: 0, checksum invalid: 0, size invalid: 0, other: 1
  backup: 20261121-105156F, status: invalid, total files checked: 966, total valid files: 964
    missing: 1, checksum invalid: 1, size invalid: 0, other: 0
`;

test("what verification complains of is named, and no complaint is lost", () => {
  const log = `2026-11-21 10:52:26.759 P01   INFO: file missing '20261121-105156F/pg_data/PG_VERSION.zst'
2026-11-21 10:52:26.779 P01   INFO: invalid checksum '20261121-105156F/pg_data/global/pg_control.zst'
2026-11-21 10:52:41.766 P02   INFO: invalid result 15-1/0000000100000000/000000010000000000000003-dbc4.zst: [29] raised\n`;
  const { findings, objects } = parseVerify(log + VERIFIED);
  assert.equal(objects, 969);
  assert.deepEqual(
    findings.map(({ code, name }) => [code, name.split("/").at(-1)]),
    [
      ["object-missing", "PG_VERSION.zst"],
      ["object-altered", "pg_control.zst"],
      ["object-altered", "000000010000000000000003-dbc4.zst"],
    ],
  );
  assert.equal(parseVerify(VERIFIED).findings.length, 1);
  assert.equal(parseVerify("").findings.length, 1);
  assert.deepEqual(parseVerify("stanza: rempart\nstatus: ok\n").findings, []);
});

test("the configuration is the same each time, and no value becomes a setting of its own", () => {
  const options = {
    repository: "/var/backups/db",
    workDirectory: "/var/lib/rempart/pgbackrest",
    dataDirectory: "/var/lib/postgresql/15/main",
    passphrase: new Secret("correct-horse-battery"),
    processes: 2,
    fullBackups: 4,
  };
  const text = configurationText(options);
  assert.equal(configurationText(options), text);
  assert.match(text, /^repo1-cipher-type=aes-256-cbc$/m);
  assert.doesNotMatch(text, /queue-max/);
  for (const wrong of [
    { repository: "/a\nrepo1-cipher-type=none" },
    { repository: "relative" },
    { passphrase: new Secret("short") },
    { passphrase: new Secret("correct-horse\nbattery-staple") },
    { processes: 0 },
  ])
    assert.throws(() => configurationText({ ...options, ...wrong }), TypeError);
});
