import type { KMSClient } from "@aws-sdk/client-kms";
import { KeysError } from "../../errors.ts";
import type { KeyProvider, WrappedKey } from "../../ports.ts";
import { failureOf } from "./failures.ts";

export interface AwsKmsOptions {
  /** Id, ARN or alias of a symmetric key. The caller needs `kms:Encrypt` and `kms:Decrypt` on it. */
  readonly keyId: string;
  readonly region: string;
  /** ARNs of keys used earlier that may still unwrap. */
  readonly earlierKeyIds?: readonly string[];
  /** Only for a private endpoint of AWS's interface. */
  readonly endpoint?: string;
}

const DATA_KEY_BYTES = 32;
/** Bound to every wrapped key, seen in CloudTrail, and good for conditions in a key policy. */
const CONTEXT = { application: "rempart", purpose: "data-key" };

/**
 * AWS KMS. Credentials come from where AWS's own tools find them: environment, web identity, container or instance role.
 *
 * An envelope names the key it was wrapped with, and whoever writes envelopes chooses that name: only `keyId` and
 * `earlierKeyIds` are ever asked to unwrap, never a key that an envelope brings along.
 */
export function awsKms(options: AwsKmsOptions): KeyProvider & Disposable {
  const { keyId, earlierKeyIds = [] } = options;
  let client: KMSClient | undefined;

  async function ask<T>(work: (kms: KMSClient, library: Library) => Promise<T>): Promise<T> {
    try {
      const library = await import("@aws-sdk/client-kms");
      client ??= openClient(library, options);
      return await work(client, library);
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    name: "aws",
    wrap: (dataKey, abortSignal) =>
      ask(async (kms, { EncryptCommand }) => {
        const input = { KeyId: keyId, Plaintext: dataKey, EncryptionContext: CONTEXT };
        const { CiphertextBlob, KeyId } = await kms.send(new EncryptCommand(input), { abortSignal });
        return wrappedKey(KeyId, CiphertextBlob);
      }),
    unwrap: ({ version, bytes }, abortSignal) =>
      ask(async (kms, { DecryptCommand }) => {
        const KeyId = earlierKeyIds.includes(version) ? version : keyId;
        const input = { KeyId, CiphertextBlob: bytes, EncryptionContext: CONTEXT };
        const { Plaintext } = await kms.send(new DecryptCommand(input), { abortSignal });
        if (Plaintext?.length !== DATA_KEY_BYTES) throw garbled();
        return Plaintext;
      }),
    [Symbol.dispose]() {
      client?.destroy();
    },
  };
}

type Library = typeof import("@aws-sdk/client-kms");

/** The library is loaded on first use: that takes longer than a process without AWS takes to start. */
function openClient({ KMSClient }: Library, { region, endpoint }: AwsKmsOptions): KMSClient {
  // Repeats are the keyring's: two layers of them would multiply.
  return new KMSClient({ region, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}

function wrappedKey(version: string | undefined, bytes: Uint8Array | undefined): WrappedKey {
  if (version === undefined || version === "" || bytes === undefined || bytes.length === 0) throw garbled();
  return { version, bytes };
}

function garbled(): KeysError {
  return new KeysError("provider-garbled", "AWS KMS: its answer holds no key");
}
