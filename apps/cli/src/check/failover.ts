import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equalBytes, hasCode, systemClock, systemRandom } from "@rempart/kernel";
import {
  createKeyring,
  type KeyProvider,
  type Keyring,
  KeysError,
  type KeysEvent,
  localKeyFile,
} from "@rempart/keys";

export interface Step {
  readonly name: string;
  readonly holds: boolean;
}

const PLACE = { table: "rehearsal", column: "value", row: "1" };

type Cut = "none" | "away" | "denies";

/**
 * Cuts a key service off and tries what must still work. Only random bytes are sealed, and the local key is one of its own in
 * a directory that goes afterwards. Without a service another such key stands in for it.
 */
export async function rehearseFailover(service: KeyProvider | null): Promise<Step[]> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-rehearsal-"));
  try {
    const ports = { clock: systemClock, random: systemRandom };
    const primary = service ?? named("rehearsed", localKeyFile(join(directory, "service"), ports));
    return await walk(primary, localKeyFile(join(directory, "local"), ports));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function walk(service: KeyProvider, local: KeyProvider): Promise<Step[]> {
  const value = systemRandom.bytes(32);
  const events: KeysEvent[] = [];
  // Data keys are kept for a while: each state gets a keyring that knows none yet.
  const keyringWhile = (cut: Cut): Keyring =>
    createKeyring({
      primary: cutOff(service, cut),
      local,
      clock: systemClock,
      random: systemRandom,
      observe: (event) => void events.push(event),
    });
  using reached = keyringWhile("none");
  using away = keyringWhile("away");
  using denying = keyringWhile("denies");
  const sealed = await reached.seal(value, PLACE);
  const bridged = await away.seal(value, PLACE);
  const opens = async (keyring: Keyring, envelope: string): Promise<boolean> =>
    equalBytes(await keyring.open(envelope, PLACE), value);
  return [
    { name: "with the service, values are sealed under it", holds: sealed.startsWith("kms:") },
    { name: "without it, they are sealed under the local key", holds: bridged.startsWith("local:") },
    { name: "what was sealed before still opens without it", holds: await opens(away, sealed) },
    { name: "what was sealed without it opens with it", holds: await opens(reached, bridged) },
    { name: "the failover is told", holds: events.some(({ type }) => type === "failover") },
    { name: "a service that denies is not bridged", holds: await isRefused(denying, value) },
  ];
}

function cutOff(service: KeyProvider, cut: Cut): KeyProvider {
  if (cut === "none") return service;
  const code = cut === "away" ? "provider-unavailable" : "provider-denied";
  const fail = (): Promise<never> => Promise.reject(new KeysError(code, "cut off for a rehearsal"));
  return { name: service.name, wrap: fail, unwrap: fail };
}

function named(name: string, provider: KeyProvider): KeyProvider {
  return {
    name,
    wrap: (key, signal) => provider.wrap(key, signal),
    unwrap: (wrapped, signal) => provider.unwrap(wrapped, signal),
  };
}

async function isRefused(keyring: Keyring, value: Uint8Array): Promise<boolean> {
  try {
    await keyring.seal(value, PLACE);
    return false;
  } catch (error) {
    return hasCode(error, "provider-denied");
  }
}
