import type { Secret } from "@rempart/runtime";
import { KeysError } from "../../errors.ts";
import type { KeyProvider } from "../../ports.ts";
import { keysErrorCode } from "./codes.ts";
import type { Job, Outcome } from "./thread.ts";
import { openThreads } from "./threads.ts";

export interface Pkcs11Options {
  /** Path of the vendor's module, such as `/usr/lib/softhsm/libsofthsm2.so`. It is loaded into this process. */
  readonly module: string;
  /** The token's label. */
  readonly token: string;
  readonly pin: Secret;
  /** Label of the AES-256 key that wraps; keys of other labels still unwrap what they wrapped. */
  readonly key: string;
  /** Sessions at most, each on a thread of its own; 2 unless told. */
  readonly sessions?: number;
}

export interface Pkcs11Provider extends KeyProvider, AsyncDisposable {
  /** Makes an AES-256 key that cannot leave the token. Rejects with `provider-refused` when there is one of this label. */
  generateKey(label: string): Promise<void>;
}

const IV_AND_TAG = 28;
const KEY_BYTES = 32;
const MAX_LABEL = 255;

/**
 * A hardware security module or smart card by PKCS#11: data keys are encrypted with AES-256-GCM under a key that is sensitive
 * and cannot be extracted; another kind of key is refused. 64-bit Linux and macOS.
 *
 * A refused PIN is not tried again in the life of this value: a few wrong ones lock a token for everybody.
 */
export function pkcs11Provider(options: Pkcs11Options): Pkcs11Provider {
  const { module, token, pin, key: label, sessions = 2 } = options;
  if (label === "" || Buffer.byteLength(label) > MAX_LABEL)
    throw new TypeError(`not a key's label: ${label}`);
  const threads = openThreads({ module, token, pin: pin.reveal() }, sessions);

  async function run(job: Job, signal?: AbortSignal): Promise<Uint8Array> {
    const outcome = await threads.run(job, signal);
    if (outcome.ok) return outcome.bytes;
    throw failureOf(outcome);
  }

  return {
    name: "pkcs11",
    async wrap(key, signal) {
      const bytes = await run({ operation: "wrap", label, bytes: key }, signal);
      if (bytes.length !== KEY_BYTES + IV_AND_TAG) throw garbled();
      return { version: label, bytes };
    },
    async unwrap({ version, bytes }, signal) {
      if (bytes.length !== KEY_BYTES + IV_AND_TAG)
        throw new KeysError("provider-refused", "not a key that the token wrapped");
      const key = await run({ operation: "unwrap", label: version, bytes }, signal);
      if (key.length !== KEY_BYTES) throw garbled();
      return key;
    },
    async generateKey(newLabel) {
      await run({ operation: "generate", label: newLabel, bytes: new Uint8Array() });
    },
    [Symbol.asyncDispose]: threads.close,
  };
}

function failureOf({ message, returned }: Extract<Outcome, { ok: false }>): KeysError {
  const code = returned === undefined ? "provider-refused" : keysErrorCode(returned);
  return new KeysError(code, `PKCS#11: ${message}`);
}

function garbled(): KeysError {
  return new KeysError("provider-garbled", "the token gave a text of another length than the mode makes");
}
