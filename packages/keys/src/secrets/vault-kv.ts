import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import type { SecretProvider } from "./ports.ts";
import { askStore, type RemoteStoreOptions, remoteStore } from "./remote.ts";

export interface VaultKvOptions extends RemoteStoreOptions {
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** Asked for before each request: an agent renews it meanwhile. */
  readonly token: () => Secret | Promise<Secret>;
  /** Where the engine is mounted; `secret` unless told. */
  readonly mount?: string;
  /** Vault Enterprise and OpenBao namespaces. */
  readonly namespace?: string;
}

const MAX_BYTES = 1_048_576;
const PATH = /^(?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*$/;

/**
 * The key-value engine, version 2, of HashiCorp Vault and OpenBao. The name is the path below the mount, the value the whole
 * document as JSON: read a field with `name#field`.
 */
export function vaultSecrets(options: VaultKvOptions): SecretProvider {
  const store = remoteStore("vault-kv", options);
  return {
    name: "vault",
    async read(name) {
      if (!PATH.test(name)) throw new KeysError("secret-missing", `${name} cannot be a path of the engine`);
      return askStore(store, name, (signal) => readDocument(options, name, signal));
    },
  };
}

async function readDocument(options: VaultKvOptions, name: string, signal: AbortSignal): Promise<Secret> {
  const { address, mount = "secret", namespace } = options;
  const token = await options.token();
  const response = await fetch(new URL(`/v1/${mount}/data/${name}`, address), {
    signal,
    redirect: "error",
    headers: {
      "x-vault-token": token.reveal(),
      "x-vault-request": "true",
      ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
    },
  });
  const body = await readBody(response);
  const refusal = refusalOf(response.status, name);
  if (refusal !== null) throw refusal;
  return new Secret(JSON.stringify(documentOf(body)));
}

/** Vault's status codes: https://developer.hashicorp.com/vault/api-docs#http-status-codes */
function refusalOf(status: number, name: string): Error | null {
  if (status === 200) return null;
  if (status === 403 || status === 401)
    return new KeysError("secret-denied", `Vault refuses to show secret ${name}`);
  if (status === 404) return new KeysError("secret-missing", `Vault has no secret ${name}`);
  return new Error(`Vault answered with ${status}`);
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`Vault's answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What is under `data.data` of a 200. An answer of another shape came from something that is not Vault: as good as none. */
function documentOf(body: string): object {
  const answer: unknown = parseJson(body);
  const document = (answer as { data?: { data?: unknown } } | null)?.data?.data;
  if (typeof document === "object" && document !== null) return document;
  throw new Error("Vault's answer holds no document");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error would repeat a piece of the secret.
    return null;
  }
}
