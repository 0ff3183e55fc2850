import { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import { type VaultAnswer, type VaultConnection, vaultRequest } from "../vault/request.ts";
import type { SecretProvider } from "./ports.ts";
import { askStore, type RemoteStoreOptions, remoteStore } from "./remote.ts";

export interface VaultKvOptions extends VaultConnection, RemoteStoreOptions {
  /** Where the engine is mounted; `secret` unless told. */
  readonly mount?: string;
}

const PATH = /^(?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*$/;

/**
 * The key-value engine, version 2, of HashiCorp Vault and OpenBao. The name is the path below the mount, the value the whole
 * document as JSON: read a field with `name#field`.
 */
export function vaultSecrets(options: VaultKvOptions): SecretProvider {
  const { mount = "secret" } = options;
  const store = remoteStore("vault-kv", options);
  return {
    name: "vault",
    async read(name) {
      if (!PATH.test(name)) throw new KeysError("secret-missing", `${name} cannot be a path of the engine`);
      const path = `/v1/${mount}/data/${name}`;
      return askStore(store, name, async (signal) =>
        documentOf(await vaultRequest(options, path, { signal }), name),
      );
    },
  };
}

/**
 * What is under `data.data` of a 200 (https://developer.hashicorp.com/vault/api-docs#http-status-codes). An answer of another
 * shape came from something that is not Vault: as good as none.
 */
function documentOf({ status, body }: VaultAnswer, name: string): Secret {
  if (status === 403 || status === 401)
    throw new KeysError("secret-denied", `Vault refuses to show secret ${name}`);
  if (status === 404) throw new KeysError("secret-missing", `Vault has no secret ${name}`);
  const document = (body as { data?: { data?: unknown } } | null)?.data?.data;
  if (status === 200 && typeof document === "object" && document !== null)
    return new Secret(JSON.stringify(document));
  throw new Error(`Vault answered with ${status}, and no document`);
}
