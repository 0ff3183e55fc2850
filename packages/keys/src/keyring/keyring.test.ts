import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fromUtf8, systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "../index.ts";

const where = { table: "users", column: "phone", row: "1" };

test("a value comes back from its place", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "rempart-keys-")), "key.json");
  using keyring = createKeyring({ local: localKeyFile(path), clock: systemClock, random: systemRandom });
  const text = await keyring.seal(utf8("+33 6 12 34 56 78"), where);
  assert.match(text, /^local:1\./);
  assert.equal(fromUtf8(await keyring.open(text, where)), "+33 6 12 34 56 78");
  await assert.rejects(keyring.open(text, { ...where, row: "2" }), { code: "envelope-refused" });
});
