/** A keyring over providers that a test can break, on a clock that it moves. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type ManualClock, manualClock, type Random, systemRandom } from "@rempart/kernel";
import {
  createKeyring,
  type KeyProvider,
  type Keyring,
  type KeyringOptions,
  KeysError,
  type KeysErrorCode,
  type KeysEvent,
} from "../src/index.ts";

/** What a provider does when it is called: works, fails with this code, or never answers. */
export type Mood = "works" | "hangs" | KeysErrorCode;

export interface TestProvider extends KeyProvider {
  mood: Mood;
  wraps: number;
  unwraps: number;
}

/** Wraps with AES-256-GCM in memory, and lets what it read be seen as the real ones do: by their answers only. */
export function testProvider(name: string): TestProvider {
  const kek = randomBytes(32);
  const answer = async (): Promise<void> => {
    const { mood } = provider;
    if (mood === "hangs") await new Promise(() => {});
    else if (mood !== "works") throw new KeysError(mood, `${name} is ${mood}`);
  };
  const provider: TestProvider = {
    name,
    mood: "works",
    wraps: 0,
    unwraps: 0,
    async wrap(key) {
      provider.wraps += 1;
      await answer();
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", kek, nonce);
      return {
        version: "1",
        bytes: Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]),
      };
    },
    async unwrap({ bytes }) {
      provider.unwraps += 1;
      await answer();
      try {
        const decipher = createDecipheriv("aes-256-gcm", kek, bytes.subarray(0, 12)).setAuthTag(
          bytes.subarray(-16),
        );
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      } catch {
        throw new KeysError("provider-refused", `${name} did not wrap this`);
      }
    },
  };
  return provider;
}

export interface World extends Disposable {
  readonly keyring: Keyring;
  readonly primary: TestProvider;
  readonly local: TestProvider;
  readonly clock: ManualClock;
  readonly events: KeysEvent[];
  /** Another process with the same providers. */
  another(options?: Partial<KeyringOptions>): Keyring;
  /** Another process, which knows no primary provider. */
  alone(): Keyring;
}

/** Short budgets: the circuit breaker and the time-out run on the machine's time. */
const CALLS = {
  budgetMs: 60,
  attemptMs: 60,
  retry: "none",
  breaker: { failures: 3, halfOpenAfterMs: 50 },
} as const;

export function world(options: Partial<KeyringOptions> = {}): World {
  const [primary, local] = [testProvider("kms-of-the-test"), testProvider("local")];
  const clock = manualClock();
  const events: KeysEvent[] = [];
  const random: Random = systemRandom;
  const observe = (event: KeysEvent): void => void events.push(event);
  const shared = { local, clock, random, observe, calls: CALLS };
  const another = (more: Partial<KeyringOptions> = {}): Keyring =>
    createKeyring({ primary, ...shared, ...options, ...more });
  const keyring = another();
  return {
    keyring,
    primary,
    local,
    clock,
    events,
    another,
    alone: () => createKeyring(shared),
    [Symbol.dispose]: () => keyring[Symbol.dispose](),
  };
}
