import type { Random } from "@rempart/kernel";
import { DATA_KEY_BYTES, DataKey } from "../envelope/data-key.ts";
import { type Custody, parsePrefix, prefixOf } from "../envelope/envelope.ts";
import type { Wrap } from "../envelope/header.ts";
import { KeysError } from "../errors.ts";
import type { FailoverReason, KeysEvent } from "../events.ts";
import { type GuardedProvider, outageOf } from "./guard.ts";

export interface Providers {
  readonly primary: GuardedProvider | undefined;
  readonly local: GuardedProvider;
}

export interface NewDataKey {
  readonly custody: Custody;
  /** For sealing, and again for opening: each is wiped by the cache that holds it. */
  readonly sealing: DataKey;
  readonly opening: DataKey;
}

export interface DataKeys {
  /**
   * `kms`: wrapped by the primary provider and by the local key; rejects as the primary does. `local`: wrapped by the local
   * key alone.
   */
  make(custody: Custody): Promise<NewDataKey>;
  /** The data key named by what stands before a record. Rejects with `envelope-malformed` when that is no name. */
  open(prefix: string): Promise<DataKey>;
}

export function dataKeys(
  { primary, local }: Providers,
  { random, report }: { random: Random; report: (event: KeysEvent) => void },
): DataKeys {
  async function make(custody: Custody): Promise<NewDataKey> {
    const key = random.bytes(DATA_KEY_BYTES);
    try {
      const wraps: Wrap[] = [];
      if (custody === "kms" && primary !== undefined)
        wraps.push({ provider: primary.name, ...(await primary.wrap(key)) });
      wraps.push({ provider: local.name, ...(await orUnavailable(local.wrap(key))) });
      const prefix = prefixOf({ custody, wraps });
      return { custody, sealing: new DataKey(key, prefix), opening: new DataKey(key, prefix) };
    } finally {
      key.fill(0);
    }
  }

  /** Only an outage of the primary lets the local key answer: a denial or a refusal is final. */
  async function unwrap(wraps: readonly Wrap[]): Promise<Uint8Array> {
    const mine = wraps.find(({ provider }) => provider === local.name);
    const theirs = wraps.find(({ provider }) => provider === primary?.name);
    if (primary === undefined || theirs === undefined) return unwrapLocally(mine);
    try {
      return await primary.unwrap(theirs);
    } catch (error) {
      const reason = outageOf(error);
      if (reason === null) throw error;
      if (mine === undefined) throw unavailable(error);
      report(failover(primary, "unwrap", reason));
      return unwrapLocally(mine);
    }
  }

  async function unwrapLocally(wrap: Wrap | undefined): Promise<Uint8Array> {
    if (wrap === undefined) throw unavailable();
    return orUnavailable(local.unwrap(wrap));
  }

  return {
    make,
    async open(prefix) {
      const name = parsePrefix(prefix);
      const key = await unwrap(name.wraps);
      try {
        // Not the text that came in: a slice of it would keep the whole value alive in the cache.
        return new DataKey(key, prefixOf(name));
      } finally {
        key.fill(0);
      }
    },
  };
}

export function failover(
  { name }: GuardedProvider,
  operation: "wrap" | "unwrap",
  reason: FailoverReason,
): KeysEvent {
  return { type: "failover", provider: name, operation, reason };
}

/** An outage of the local key is the end of the road, and no reason to look for another. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw outageOf(error) === null ? error : unavailable(error);
  }
}

export function unavailable(cause?: unknown): KeysError {
  return new KeysError("key-unavailable", "no key provider at hand can give this key", { cause });
}
