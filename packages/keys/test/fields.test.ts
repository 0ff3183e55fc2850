import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { createKeyring, encryptedField, fieldKinds, localKeyFile } from "@rempart/keys";
import { testDatabase } from "@rempart/testing";
import fc from "fast-check";

const scratch = await mkdtemp(join(tmpdir(), "rempart-fields-"));
const local = localKeyFile(join(scratch, "local.json"));
const envelopes = createKeyring({ local, clock: systemClock, random: systemRandom });
after(async () => {
  envelopes[Symbol.dispose]();
  await rm(scratch, { recursive: true });
});

const key = systemRandom.bytes(32);
const phone = encryptedField({
  envelopes,
  table: "people",
  column: "phone",
  kind: fieldKinds.phone,
  index: { key },
});
const email = encryptedField({ envelopes, table: "people", column: "email", kind: fieldKinds.email });
const home = encryptedField({
  envelopes,
  table: "people",
  column: "home",
  kind: fieldKinds.address,
  index: { key },
});
const note = encryptedField({
  envelopes,
  table: "people",
  column: "note",
  kind: fieldKinds.personal,
  index: { key },
});

test("a person is found by a phone number that no column holds", async () => {
  await using held = await testDatabase({ migrations: [] });
  const { database } = held;
  await database.query("CREATE TABLE people (id text PRIMARY KEY, phone text, phone_index text)");
  for (const [id, text] of [
    ["1", "+33612345678"],
    ["2", "+33687654321"],
  ] as const) {
    const { envelope, index } = await phone.seal(text, id);
    await database.query("INSERT INTO people VALUES ($1, $2, $3)", [id, envelope, index]);
  }
  const found = await database.query<{ id: string; phone: string }>(
    "SELECT * FROM people WHERE phone_index = $1",
    [phone.indexOf("00 33 6 87 65 43 21")],
  );
  assert.deepEqual(await Promise.all(found.map((row) => phone.open(row.phone, row.id))), ["+33687654321"]);
  const stored = JSON.stringify(await database.query("SELECT * FROM people"));
  assert.doesNotMatch(stored, /612345678|687654321/);
});

test("a value opens in its own row and column only", async () => {
  const { envelope } = await phone.seal("+33612345678", "1");
  await assert.rejects(phone.open(envelope, "2"), { code: "envelope-refused" });
  await assert.rejects(note.open(envelope, "1"), { code: "envelope-refused" });
});

test("what is no such datum is refused before it is encrypted, and not repeated in the error", async () => {
  const refused = { code: "invalid-field" };
  await assert.rejects(phone.seal("marker", "1"), (error: Error) => !error.message.includes("marker"));
  await assert.rejects(phone.seal("0612345678", "1"), refused);
  await assert.rejects(email.seal("nobody", "1"), refused);
  await assert.rejects(note.seal("\ud800", "1"), refused);
  const address = { lines: ["1 rue X"], postalCode: "75011", locality: "Paris", country: "FR" };
  for (const wrong of [{ country: "fr" }, { lines: [] }, { locality: "" }, { lines: ["x".repeat(201)] }])
    await assert.rejects(home.seal({ ...address, ...wrong }, "1"), refused);
});

test("an envelope that holds something else is told as that", async () => {
  for (const [field, column, text] of [
    [home, "home", "not json"],
    [home, "home", "{}"],
    [home, "home", "[1,2,3,4,5]"],
    [home, "home", "null"],
  ] as const) {
    const envelope = await envelopes.seal(utf8(text), { table: "people", column, row: "1" });
    await assert.rejects(field.open(envelope, "1"), { code: "invalid-field" });
  }
});

test("every text and every address comes back as it was", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  const part = text.filter((value) => value !== "");
  const address = fc.record(
    {
      lines: fc.array(text, { minLength: 1, maxLength: 6 }),
      postalCode: text,
      locality: part,
      region: part,
      country: fc.constantFrom("FR", "DE", "JP"),
    },
    { requiredKeys: ["lines", "postalCode", "locality", "country"] },
  );
  await fc.assert(
    fc.asyncProperty(text, address, async (value, where) => {
      assert.equal(await note.open((await note.seal(value, "1")).envelope, "1"), value);
      const opened = await home.open((await home.seal(where, "1")).envelope, "1");
      assert.deepEqual(opened, { ...where });
    }),
    { numRuns: 100 },
  );
});

test("a search disregards case, blanks and Unicode form; without an index there is none", async () => {
  assert.equal(note.indexOf("Straße  12"), note.indexOf("STRASSE 12 "));
  assert.equal(email.indexOf("anne@example.org"), null);
  assert.equal((await note.seal(" ", "1")).index, null);
});
