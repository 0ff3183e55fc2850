import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromUtf8, manualClock, systemRandom, utf8 } from "@rempart/kernel";
import {
  countEnvelopes,
  createKeyring,
  type EnvelopeDescription,
  envelopeColumn,
  localKeyFile,
  localKeyRotation,
  rewrap,
} from "@rempart/keys";
import { testDatabase } from "@rempart/testing";

const scratch = await mkdtemp(join(tmpdir(), "rempart-column-"));
const held = await testDatabase({ migrations: [] });
const { database } = held;
after(async () => {
  await held.close();
  await rm(scratch, { recursive: true });
});

const clock = manualClock(Date.UTC(2026, 0, 15));
const file = localKeyFile(join(scratch, "local"), { clock });
const open = () => createKeyring({ local: file, clock, random: systemRandom });
const column = envelopeColumn(database, {
  table: "notes",
  column: "sealed",
  key: "(kind || '/' || id)",
  keyType: "text",
});
const standsUnder = (version: string) =>
  countEnvelopes([column], ({ keys }) => keys.some((key) => key.version === version));

test("a new local key seals what comes, a rewrap moves what was, and only then the old key may go", async () => {
  const ROWS = 1_203;
  await database.query("CREATE TABLE notes (kind text, id int, sealed text, PRIMARY KEY (kind, id))");
  using before = open();
  for (let id = 0; id < ROWS; id += 1) {
    const sealed = id % 10 === 0 ? null : await before.seal(utf8(`note ${id}`), placeOf(id));
    await database.query("INSERT INTO notes VALUES ('n', $1, $2)", [id, sealed]);
  }
  const filled = ROWS - Math.ceil(ROWS / 10);
  const rotation = localKeyRotation(file, standsUnder, clock);
  assert.equal(await rotation.rotate(), "2");
  const states = (await rotation.versions()).map(({ id, activeUntil }) => [id, activeUntil === null]);
  assert.deepEqual(states, [
    ["1", false],
    ["2", true],
  ]);
  await assert.rejects(rotation.destroy("1"), /processes may still seal under version 1/);
  await assert.rejects(rotation.destroy("2"), { code: "rotation-refused" });
  await assert.rejects(rotation.retire("1"), { code: "rotation-refused" });

  using later = open();
  const isDue = ({ keys }: EnvelopeDescription) => keys.some(({ version }) => version === "1");
  const done = await rewrap(later, column, { isDue });
  assert.deepEqual([done.read, done.rewrapped, done.refused], [filled, filled, 0]);
  assert.equal(await standsUnder("1"), 0);
  await assert.rejects(rotation.destroy("1"), /processes may still seal under version 1/);
  // The process of before goes on with the data key it has: this is what would be lost.
  await database.query("UPDATE notes SET sealed = $1 WHERE id = 0", [
    await before.seal(utf8("note 0"), placeOf(0)),
  ]);
  clock.advance(16 * 60_000);
  await assert.rejects(rotation.destroy("1"), /1 values stand under version 1/);
  await rewrap(later, column, { isDue });
  await rotation.destroy("1");
  using afterwards = open();
  const rows = await database.query<{ id: number; sealed: string }>(
    "SELECT id, sealed FROM notes WHERE sealed IS NOT NULL",
  );
  for (const { id, sealed } of rows)
    assert.equal(fromUtf8(await afterwards.open(sealed, placeOf(id))), `note ${id}`);
});

test("a row that was written meanwhile keeps what was written", async () => {
  const where = placeOf(1);
  assert.equal(await column.replace(where, "not what is there", "mine"), false);
  const [row] = await database.query<{ sealed: string }>("SELECT sealed FROM notes WHERE id = 1");
  assert.ok(row);
  assert.equal(await column.replace(where, row.sealed, row.sealed), true);
});

function placeOf(id: number) {
  return { table: "notes", column: "sealed", row: `n/${id}` };
}
