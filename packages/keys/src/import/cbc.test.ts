import assert from "node:assert/strict";
import { createCipheriv, createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { KeysError } from "../errors.ts";
import { openImportedCbc } from "./cbc.ts";

const keys = { encryption: randomBytes(32), mac: randomBytes(32) };

function write(plaintext: Uint8Array, { encryption, mac } = keys): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", encryption, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return authenticate(iv, ciphertext, mac);
}

function authenticate(iv: Buffer, ciphertext: Buffer, mac: Buffer): string {
  const tag = createHmac("sha256", mac).update(iv).update(ciphertext).digest();
  return [iv, ciphertext, tag].map((part) => part.toString("hex")).join(":");
}

test("what the earlier system wrote is read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.deepEqual([...openImportedCbc(write(bytes), keys)], [...bytes]);
    }),
  );
});

test("a value made by OpenSSL is read", () => {
  const fixed = { encryption: Buffer.alloc(32, 1), mac: Buffer.alloc(32, 2) };
  const tag = "756838dfa4870806fa02de98129b3b43fc86da4f7b32740d5755bf6b2e907378";
  const text = `${"03".repeat(16)}:947b7ce03b8f9bb517e64517d3d7cd07:${tag}`;
  assert.equal(Buffer.from(openImportedCbc(text, fixed)).toString(), "imported");
});

test("no oracle: whatever is changed, the answer is one and the same", () => {
  const text = write(Buffer.from("+33 6 12 34 56 78"));
  const messages = new Set<string>();
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === ":") continue;
    const changed = text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);
    try {
      openImportedCbc(changed, keys);
      assert.fail("it opened");
    } catch (error) {
      assert.ok(error instanceof KeysError);
      messages.add(`${error.code} ${error.message} ${String(error.cause)}`);
    }
  }
  assert.equal(messages.size, 1);
});

test("wrong padding under a right MAC gives the same answer again", () => {
  const text = authenticate(randomBytes(16), randomBytes(32), keys.mac);
  assert.throws(() => openImportedCbc(text, keys), {
    code: "envelope-refused",
    message: "the imported value is not authentic",
  });
});

test("a value without a MAC, or of any other form, is not read", () => {
  const [iv, ciphertext, tag] = write(Buffer.from("x")).split(":");
  const others = [
    "",
    `${iv}:${ciphertext}`,
    `${iv}:${ciphertext}:`,
    `${iv}::${tag}`,
    `${iv}:${ciphertext}:${tag}:`,
    `${iv}:00:${tag}`,
  ];
  for (const text of others) assert.throws(() => openImportedCbc(text, keys), { code: "envelope-malformed" });
  assert.throws(() => openImportedCbc("0".repeat(5e7), keys), { code: "envelope-malformed" });
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(
        () => openImportedCbc(text, keys),
        (error) => hasCode(error, "envelope-malformed"),
      );
    }),
  );
});

test("keys that would not protect are refused", () => {
  const text = write(Buffer.from("x"));
  for (const bad of [{ encryption: randomBytes(16) }, { mac: randomBytes(16) }, { mac: keys.encryption }])
    assert.throws(() => openImportedCbc(text, { ...keys, ...bad }), TypeError);
});
