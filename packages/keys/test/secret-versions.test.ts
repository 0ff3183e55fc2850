import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { manualClock, systemRandom, utf8 } from "@rempart/kernel";
import { testDatabase } from "@rempart/testing";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { createKeyring } from "../src/keyring/keyring.ts";
import { keysMigrations } from "../src/migrations.ts";
import { localKeyFile } from "../src/providers/local/local-key-file.ts";
import { versionedSecrets } from "../src/rotation/secret-versions.ts";
import { versionedMac } from "../src/rotation/versioned-mac.ts";

const scratch = await mkdtemp(join(tmpdir(), "rempart-versions-"));
after(() => rm(scratch, { recursive: true }));

const HOUR = 3_600_000;
const FRESH = 60_000;

async function setUp() {
  const held = await testDatabase({ migrations: [keysMigrations] });
  const clock = manualClock(Date.parse("2026-11-21T00:00:00Z"));
  const local = localKeyFile(join(scratch, crypto.randomUUID()));
  const envelopes = createKeyring({ local, clock, random: systemRandom });
  const { database } = held;
  const open = () =>
    versionedSecrets({ purpose: "csrf", database, envelopes, overlapMs: HOUR, freshMs: FRESH, clock });
  return { database, clock, open, [Symbol.asyncDispose]: () => held.close() };
}

test("processes that start at once agree on one first version", async () => {
  await using place = await setUp();
  const versions = await Promise.all(Array.from({ length: 8 }, () => place.open().current()));
  assert.equal(new Set(versions.map(({ id }) => id)).size, 1);
  assert.equal((await place.open().versions()).length, 1);
});

test("across a rotation no tag of one process is refused by another, at any moment of the overlap", async () => {
  await using place = await setUp();
  const [one, two] = [place.open(), place.open()];
  const [ours, theirs] = [versionedMac(one), versionedMac(two)];
  const data = utf8("session");
  const before = await ours.tag(data);
  assert.ok(await theirs.verify(data, before));
  const next = await one.rotate();
  for (let passed = 0; passed < 3 * FRESH; passed += 5_000) {
    place.clock.advance(5_000);
    for (const tag of [await ours.tag(data), await theirs.tag(data), before]) {
      assert.ok((await ours.verify(data, tag)) && (await theirs.verify(data, tag)));
    }
  }
  assert.ok((await theirs.tag(data)).startsWith(next));
  place.clock.advance(HOUR);
  assert.equal(await theirs.verify(data, before), false);
});

test("retired at once, its tags are refused as soon as a process has read it; destroyed, its secret is gone", async () => {
  await using place = await setUp();
  const secrets = place.open();
  const mac = versionedMac(secrets);
  const tag = await mac.tag(utf8("x"));
  const [old] = await secrets.versions();
  assert.ok(old);
  await assert.rejects(secrets.retire(old.id), { code: "rotation-refused" });
  await secrets.rotate();
  place.clock.advance(2 * FRESH);
  await assert.rejects(secrets.destroy(old.id), { code: "rotation-refused" });
  await secrets.retire(old.id);
  assert.equal(await mac.verify(utf8("x"), tag), false);
  await secrets.destroy(old.id);
  const rows = await place.database.query<{ gone: boolean }>(
    "SELECT secret IS NULL AS gone FROM secret_versions ORDER BY active_from",
  );
  assert.deepEqual(rows, [{ gone: true }, { gone: false }]);
});

test("a secret moved to another version does not open", async () => {
  await using place = await setUp();
  const { id } = await place.open().current();
  const tag = await versionedMac(place.open()).tag(utf8("x"));
  const other = id.startsWith("A") ? `B${id.slice(1)}` : `A${id.slice(1)}`;
  await place.database.query("UPDATE secret_versions SET id = $1", [other]);
  const mac = versionedMac(place.open());
  assert.equal(await mac.verify(utf8("x"), tag), false);
  const moved = tag.replace(id, other);
  await assert.rejects(mac.verify(utf8("x"), moved), { code: "envelope-refused" });
});

test("only the very tag of the very data is accepted", async () => {
  await using place = await setUp();
  const mac = versionedMac(place.open());
  const tag = await mac.tag(utf8("data"));
  assert.equal(await mac.verify(utf8("other"), tag), false);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(tag.length - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      async (at, letter) => {
        const changed = tag.slice(0, at) + letter + tag.slice(at + 1);
        assert.equal(await mac.verify(utf8("data"), changed), changed === tag);
      },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: codePoint }), async (text) =>
      assert.ok(!(await mac.verify(utf8("data"), text))),
    ),
  );
});
