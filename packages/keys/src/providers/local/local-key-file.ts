import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Clock, concat, type Random, systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { CIPHER, TAG_BYTES } from "../../envelope/envelope.ts";
import { KeysError } from "../../errors.ts";
import type { KeyProvider } from "../../ports.ts";
import { changeKeyFile, createKeyFile, readKeyFile } from "./file.ts";
import { type KeySet, type KeyVersion, LOCAL_KEY_BYTES } from "./format.ts";

export interface LocalKeyVersion {
  readonly version: string;
  /** Unix milliseconds. */
  readonly madeAt: number;
  /** The one that wraps; the others only unwrap. */
  readonly current: boolean;
}

export interface LocalKeyFile extends KeyProvider {
  versions(): Promise<readonly LocalKeyVersion[]>;
  /** Makes a new version and puts it in use. What older ones wrapped stays readable. */
  rotate(): Promise<string>;
  /**
   * Removes an older version for good: whatever it alone wrapped is lost. Rejects with `key-version-refused` for the one in
   * use, or an unknown one.
   */
  destroy(version: string): Promise<void>;
}

export interface LocalKeyFilePorts {
  readonly clock?: Clock;
  readonly random?: Random;
}

const NONCE_BYTES = 12;
const PURPOSE = "rempart data key 1 local ";

/**
 * A key encryption key in a file of mode 0600, made on first use. The file is read at each call, which is rare: a rotation by
 * another process takes effect at once, and the key is in memory only while it is used.
 */
export function localKeyFile(path: string, ports: LocalKeyFilePorts = {}): LocalKeyFile {
  const { clock = systemClock, random = systemRandom } = ports;
  const newVersion = (): KeyVersion => ({ madeAt: clock.now(), key: random.bytes(LOCAL_KEY_BYTES) });

  async function load(): Promise<KeySet> {
    const known = await readKeyFile(path);
    if (known !== null) return known;
    await createKeyFile(path, { current: "1", keys: new Map([["1", newVersion()]]) });
    const made = await readKeyFile(path);
    if (made === null) throw new KeysError("key-file-unsafe", `the key file ${path} vanished as it was made`);
    return made;
  }

  async function withKey<T>(
    choose: (keys: KeySet) => string,
    work: (key: Uint8Array, version: string) => T,
  ): Promise<T> {
    const keys = await load();
    try {
      const version = choose(keys);
      const found = keys.keys.get(version);
      if (found === undefined)
        throw new KeysError(
          "provider-refused",
          `the key file has no version ${JSON.stringify(version.slice(0, 12))}`,
        );
      return work(found.key, version);
    } finally {
      for (const { key } of keys.keys.values()) key.fill(0);
    }
  }

  return {
    name: "local",
    wrap: (dataKey) =>
      withKey(
        ({ current }) => current,
        (key, version) => ({ version, bytes: wrapWith(key, version, dataKey, random.bytes(NONCE_BYTES)) }),
      ),
    unwrap: ({ version, bytes }) =>
      withKey(
        () => version,
        (key) => unwrapWith(key, version, bytes),
      ),
    async versions() {
      const { current, keys } = await load();
      return [...keys].map(([version, { madeAt }]) => ({ version, madeAt, current: version === current }));
    },
    async rotate() {
      await load();
      const { current } = await changeKeyFile(path, ({ keys }) => {
        const version = String(Math.max(...[...keys.keys()].map(Number)) + 1);
        return { current: version, keys: new Map([...keys, [version, newVersion()]]) };
      });
      return current;
    },
    async destroy(version) {
      await changeKeyFile(path, ({ current, keys }) => {
        if (version === current || !keys.has(version))
          throw new KeysError("key-version-refused", `version ${version} is unknown or in use`);
        return { current, keys: new Map([...keys].filter(([name]) => name !== version)) };
      });
    },
  };
}

/** nonce (12), ciphertext (32), tag (16); AES-256-GCM with the purpose and the version as associated data. */
function wrapWith(key: Uint8Array, version: string, dataKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(utf8(PURPOSE + version));
  return concat(nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag());
}

function unwrapWith(key: Uint8Array, version: string, wrapped: Uint8Array): Uint8Array {
  if (wrapped.length !== NONCE_BYTES + LOCAL_KEY_BYTES + TAG_BYTES) throw refusedByKey();
  const decipher = createDecipheriv(CIPHER, key, wrapped.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(utf8(PURPOSE + version)).setAuthTag(wrapped.subarray(-TAG_BYTES));
  const dataKey = decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return dataKey;
  } catch {
    dataKey.fill(0);
    throw refusedByKey();
  }
}

function refusedByKey(): KeysError {
  return new KeysError("provider-refused", "the local key did not wrap this data key");
}
