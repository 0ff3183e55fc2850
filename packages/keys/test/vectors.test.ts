import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromUtf8, hasCode, systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile, type Where } from "../src/index.ts";

interface Vectors {
  readonly keyFile: string;
  readonly valid: readonly { readonly plaintext: string; readonly where: Where; readonly envelope: string }[];
  readonly invalid: readonly { readonly why: string; readonly where: Where; readonly envelope: string }[];
  readonly streams: readonly { readonly zeros: number; readonly where: Where; readonly stream: string }[];
}

const folder = new URL("../vectors/", import.meta.url);
const directory = mkdtempSync(join(tmpdir(), "rempart-vectors-"));
after(() => rmSync(directory, { recursive: true }));

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

for (const name of readdirSync(folder).filter((entry) => entry.endsWith(".json"))) {
  const vectors = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Vectors;
  const keyFile = join(directory, name);
  writeFileSync(keyFile, vectors.keyFile);
  chmodSync(keyFile, 0o600);
  const keyring = createKeyring({ local: localKeyFile(keyFile), clock: systemClock, random: systemRandom });

  test(`${name}: what was sealed by that version opens today`, async () => {
    for (const { plaintext, where, envelope } of vectors.valid)
      assert.equal(fromUtf8(await keyring.open(envelope, where)), plaintext);
    for (const { zeros, where, stream } of vectors.streams) {
      let length = 0;
      for await (const part of keyring.openStream(once(Buffer.from(stream, "base64url")), where))
        length += part.length;
      assert.equal(length, zeros);
    }
  });

  for (const { why, where, envelope } of vectors.invalid) {
    test(`${name}: refused today as then: ${why}`, async () => {
      await assert.rejects(
        keyring.open(envelope, where),
        (error) => hasCode(error, "envelope-refused") || hasCode(error, "envelope-malformed"),
      );
    });
  }
}
