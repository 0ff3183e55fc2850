import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import { type VaultConnection, vaultRequest } from "../vault/request.ts";
import type { SecretProvider } from "./ports.ts";
import { askStore, type RemoteStoreOptions, remoteStore } from "./remote.ts";

export interface VaultKvOptions extends RemoteStoreOptions, VaultConnection {
  /** Where the engine is mounted; `secret` unless told. */
  readonly mount?: string;
}

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
  const { mount = "secret" } = options;
  const { status, body } = await vaultRequest(options, `/v1/${mount}/data/${name}`, { signal });
  const refusal = refusalOf(status, name);
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

/** What is under `data.data` of a 200. An answer of another shape came from something that is not Vault: as good as none. */
function documentOf(body: unknown): object {
  const document = (body as { data?: { data?: unknown } } | null)?.data?.data;
  if (typeof document === "object" && document !== null) return document;
  throw new Error("Vault's answer holds no document");
}
