/** What the keyring relies on in every key provider. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { causes, equalBytes, hasCode, toBase64Url, toHex } from "@rempart/kernel";
import { decodeHeader, encodeHeader } from "../src/envelope/header.ts";
import type { KeyProvider, WrappedKey } from "../src/index.ts";

export interface ContractSubject {
  /** A provider over one and the same key, however often it is asked for. */
  open(): KeyProvider;
  /** A provider of the same kind over another key. */
  openOther(): KeyProvider;
}

const signal = new AbortController().signal;

export function providerContract(name: string, subject: ContractSubject, skip: string | false = false): void {
  describe(`key provider contract: ${name}`, { skip }, () => {
    test("what one instance wraps another unwraps", async () => {
      const key = randomBytes(32);
      const wrapped = await subject.open().wrap(key, signal);
      assert.ok(equalBytes(await subject.open().unwrap(wrapped, signal), key));
    });

    test("the caller's key is left as it was, and what is unwrapped is the caller's own", async () => {
      const provider = subject.open();
      const key = randomBytes(32);
      const before = Uint8Array.from(key);
      const wrapped = await provider.wrap(key, signal);
      assert.ok(equalBytes(key, before));
      (await provider.unwrap(wrapped, signal)).fill(0);
      assert.ok(equalBytes(await provider.unwrap(wrapped, signal), before));
    });

    test("a wrapped key fits into a header and does not show the key", async () => {
      const provider = subject.open();
      const key = randomBytes(32);
      const wrap = { provider: provider.name, ...(await provider.wrap(key, signal)) };
      assert.deepEqual(decodeHeader(encodeHeader([wrap]))?.[0]?.version, wrap.version);
      assert.ok(!toHex(wrap.bytes).includes(toHex(key)));
    });

    test("many at once do not disturb one another", async () => {
      const provider = subject.open();
      const keys = Array.from({ length: 20 }, () => randomBytes(32));
      const wrapped = await Promise.all(keys.map((key) => provider.wrap(key, signal)));
      const unwrapped = await Promise.all(wrapped.map((one) => provider.unwrap(one, signal)));
      assert.ok(unwrapped.every((key, index) => equalBytes(key, keys[index] as Uint8Array)));
    });

    test("another key of the same kind refuses", async () => {
      const wrapped = await subject.open().wrap(randomBytes(32), signal);
      await refuses(subject.openOther(), wrapped);
    });

    test("a wrapped key that was changed, cut, extended or made up is refused", async () => {
      const provider = subject.open();
      const wrapped = await provider.wrap(randomBytes(32), signal);
      for (const bytes of damaged(wrapped.bytes)) await refuses(provider, { ...wrapped, bytes });
    });

    test("no failure shows the key", async () => {
      const provider = subject.open();
      const key = randomBytes(32);
      const { version, bytes } = await provider.wrap(key, signal);
      const error: unknown = await provider
        .unwrap({ version, bytes: bytes.toReversed() }, signal)
        .catch((e) => e);
      const said = causes(error).map((link) => inspect(link, { depth: 6, showHidden: true }));
      for (const text of [toHex(key), toBase64Url(key), key.toString("base64")])
        assert.ok(!said.join("\n").includes(text));
    });
  });
}

async function refuses(provider: KeyProvider, wrapped: WrappedKey): Promise<void> {
  await assert.rejects(provider.unwrap(wrapped, signal), (error) => hasCode(error, "provider-refused"));
}

function damaged(bytes: Uint8Array): Uint8Array[] {
  const flipped = [0, bytes.length >> 1, bytes.length - 1].map((at) =>
    bytes.with(at, (bytes[at] as number) ^ 1),
  );
  const extended = new Uint8Array(bytes.length + 1);
  extended.set(bytes);
  return [
    ...flipped,
    bytes.slice(0, -1),
    bytes.slice(1),
    extended,
    new Uint8Array(16),
    randomBytes(bytes.length),
  ];
}
