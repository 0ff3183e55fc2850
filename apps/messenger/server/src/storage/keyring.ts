import { readFile } from "node:fs/promises";
import type { Clock, Random } from "@rempart/kernel";
import {
  awsKms,
  createKeyring,
  type KeyProvider,
  type Keyring,
  KeysError,
  type KeysObserver,
  localKeyFile,
  pkcs11Provider,
  vaultTransit,
} from "@rempart/keys";
import type { Tracing } from "@rempart/observability/telemetry";
import { type CallTracer, type Logger, Secret } from "@rempart/runtime";
import type { KeysConfig } from "../config.ts";
import type { KmsConfig } from "../key-variables.ts";

export interface KeyringPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly observe?: KeysObserver;
  readonly trace?: CallTracer;
  /** What a key service of ours is told of the trace. */
  readonly traceHeaders?: Tracing["headers"];
}

export interface OpenKeyring extends Keyring {
  /** Wipes the keys and lets go of the provider. */
  close(): Promise<void>;
}

export type OpenKeyProvider = KeyProvider & Partial<Disposable> & Partial<AsyncDisposable>;

/** What seals the secrets that the database keeps. */
export function openKeyring({ file, kms }: KeysConfig, ports: KeyringPorts): OpenKeyring {
  const primary = kms === null ? null : openKeyProvider(kms, ports.traceHeaders);
  const local = localKeyFile(file, ports);
  const keyring = createKeyring({ ...ports, local, ...(primary === null ? {} : { primary }) });
  return {
    ...keyring,
    async close() {
      keyring[Symbol.dispose]();
      primary?.[Symbol.dispose]?.();
      await primary?.[Symbol.asyncDispose]?.();
    },
  };
}

/**
 * The key service that the configuration names. Vault is told the trace: it is the operator's own, and its audit log can keep the
 * field. AWS reads nothing of it, and is a stranger.
 */
export function openKeyProvider(config: KmsConfig, traceHeaders?: Tracing["headers"]): OpenKeyProvider {
  switch (config.kind) {
    case "aws": {
      const { endpoint, region, keyId, earlierKeyIds } = config;
      return awsKms({ region, keyId, earlierKeyIds, ...(endpoint && { endpoint: endpoint.href }) });
    }
    case "vault": {
      const { address, key, mount, namespace, token } = config;
      const source = token instanceof Secret ? () => token : () => tokenIn(token.file);
      return vaultTransit({
        address: address.href,
        token: source,
        key,
        mount,
        ...(namespace === null ? {} : { namespace }),
        ...(traceHeaders === undefined ? {} : { traceHeaders }),
      });
    }
    case "pkcs11":
      return pkcs11Provider(config);
  }
}

/** Without its file nobody can be asked: that is an outage like another. */
async function tokenIn(file: string): Promise<Secret> {
  try {
    return new Secret((await readFile(file, "utf8")).trim());
  } catch (cause) {
    throw new KeysError("provider-unavailable", "the file with Vault's token cannot be read", { cause });
  }
}
