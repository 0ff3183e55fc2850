import type { Clock, Random } from "@rempart/kernel";
import { createKeyring, type Keyring, type KeysObserver, localKeyFile } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import type { KeysConfig } from "../config.ts";

/** What seals the secrets that the database keeps. */
export function openKeyring(
  { file }: KeysConfig,
  ports: { clock: Clock; random: Random; log: Logger; observe?: KeysObserver },
): Keyring {
  return createKeyring({ ...ports, local: localKeyFile(file, ports) });
}
