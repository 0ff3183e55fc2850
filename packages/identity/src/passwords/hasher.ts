import { parseOptions } from "@node-rs/argon2";
import { type Random, utf8 } from "@rempart/kernel";
import type { IdentityConfig } from "../config.ts";
import { onHashThread } from "./hash-threads.ts";
import type { TurnQueue } from "./queue.ts";

/** Slow hashing of passwords. Every call costs the same whether the answer is yes or no. */
export interface PasswordHasher {
  /** A self-describing hash with a fresh salt. Throws `IdentityError` `unavailable` when too many wait. */
  hash(password: string): Promise<string>;
  verify(passwordHash: string, password: string): Promise<boolean>;
  /** True when `passwordHash` was made with other parameters than `hash` uses now. */
  isOutdated(passwordHash: string): boolean;
  /** A hash that no password matches and that costs as much to check as a real one. */
  readonly decoy: string;
}

/** `Algorithm.Argon2id` of the library, whose `const enum` cannot be imported by a file that is only stripped of types. */
const ARGON2ID = 2;
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;

export function argon2Hasher(
  parameters: IdentityConfig["argon2"],
  queue: TurnQueue,
  random: Random,
): PasswordHasher {
  const { memoryKiB, passes, lanes } = parameters;
  const options = {
    algorithm: ARGON2ID,
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: lanes,
    outputLen: DIGEST_BYTES,
  };
  return {
    async hash(password) {
      const salted = { ...options, salt: random.bytes(SALT_BYTES) };
      return String(
        await queue.run(() => onHashThread({ kind: "hash", password: utf8(password), options: salted })),
      );
    },
    async verify(passwordHash, password) {
      const job = { kind: "verify" as const, passwordHash, password: utf8(password) };
      return (await queue.run(() => onHashThread(job))) === true;
    },
    isOutdated(passwordHash) {
      const made = parseOptions(passwordHash);
      return (
        made.algorithm !== ARGON2ID ||
        made.memoryCost !== memoryKiB ||
        made.timeCost !== passes ||
        made.parallelism !== lanes
      );
    },
    decoy: decoyHash(parameters, random),
  };
}

/** A PHC string whose digest is random: checking it runs the whole function, and it fails whatever the password. */
function decoyHash({ memoryKiB, passes, lanes }: IdentityConfig["argon2"], random: Random): string {
  const base64 = (length: number) => Buffer.from(random.bytes(length)).toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${base64(SALT_BYTES)}$${base64(DIGEST_BYTES)}`;
}
