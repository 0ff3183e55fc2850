import { fromUtf8, utf8 } from "@rempart/kernel";
import { KeysError } from "../../errors.ts";
import type { KeyProvider } from "../../ports.ts";
import { type VaultAnswer, type VaultConnection, vaultRequest } from "../../vault/request.ts";

export interface VaultTransitOptions extends VaultConnection {
  /** The key's name in the engine; of type `aes256-gcm96`. */
  readonly key: string;
  /** Where the engine is mounted; `transit` unless told. */
  readonly mount?: string;
}

const KEY_NAME = /^[\w.-]{1,128}$/;
const CIPHERTEXT = /^vault:(v\d{1,9}):[A-Za-z0-9+/]+={0,2}$/;
/** Bound to every wrapped key: a ciphertext made for another purpose does not unwrap. */
const PURPOSE = Buffer.from("rempart data key 1").toString("base64");
const DATA_KEY_BYTES = 32;

/** The transit engine of HashiCorp Vault and OpenBao. The token needs `update` on `encrypt/<key>` and `decrypt/<key>`. */
export function vaultTransit(options: VaultTransitOptions): KeyProvider {
  const { key, mount = "transit" } = options;
  if (!KEY_NAME.test(key)) throw new TypeError(`"${key}" cannot be the name of a transit key`);

  async function ask(operation: "encrypt" | "decrypt", body: object, signal: AbortSignal): Promise<unknown> {
    const path = `/v1/${mount}/${operation}/${key}`;
    const request = { body: { ...body, associated_data: PURPOSE }, signal };
    return dataOf(await vaultRequest(options, path, request).catch(unanswered));
  }

  return {
    name: "vault",
    async wrap(dataKey, signal) {
      const plaintext = Buffer.from(dataKey).toString("base64");
      const { ciphertext } = (await ask("encrypt", { plaintext }, signal)) as Record<string, unknown>;
      const version = typeof ciphertext === "string" ? CIPHERTEXT.exec(ciphertext)?.[1] : undefined;
      if (version === undefined) throw garbled();
      return { version, bytes: utf8(ciphertext as string) };
    },
    async unwrap({ bytes }, signal) {
      const ciphertext = fromUtf8(bytes) ?? "";
      if (!CIPHERTEXT.test(ciphertext))
        throw new KeysError("provider-refused", "not a ciphertext of Vault's");
      const { plaintext } = (await ask("decrypt", { ciphertext }, signal)) as Record<string, unknown>;
      const dataKey = Buffer.from(typeof plaintext === "string" ? plaintext : "", "base64");
      if (dataKey.length !== DATA_KEY_BYTES) throw garbled();
      return dataKey;
    },
  };
}

/** Vault's status codes: https://developer.hashicorp.com/vault/api-docs#http-status-codes */
function dataOf({ status, body }: VaultAnswer): object {
  if (status === 401 || status === 403)
    throw new KeysError("provider-denied", "Vault denies the use of the key");
  if (status === 429) throw new KeysError("provider-throttled", "Vault asks to be called less");
  // 472 and 473: a replica that cannot answer. 503: sealed.
  if (status >= 500 || status === 472 || status === 473)
    throw new KeysError("provider-unavailable", `Vault answered with ${status}`);
  if (status === 400 || status === 404)
    throw new KeysError("provider-refused", `Vault refuses the request with ${status}`);
  const data = (body as { data?: unknown } | null)?.data;
  if (status !== 200 || typeof data !== "object" || data === null) throw garbled();
  return data;
}

function unanswered(cause: unknown): never {
  // Not Vault's silence, but what the source of the token says.
  if (cause instanceof KeysError) throw cause;
  throw new KeysError("provider-unavailable", "Vault gave no answer", { cause });
}

function garbled(): KeysError {
  return new KeysError("provider-garbled", "what answered is not Vault's transit engine");
}
