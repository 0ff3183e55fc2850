/** Counts in Cloudflare KV, approximately. The namespace is matched by shape. */
import { type Clock, systemRandom, toBase64Url, utf8 } from "@rempart/kernel";
import type { RateLimitDecision, RateLimitPolicy, RateLimitStore } from "../ports.ts";
import { checkCost, unknownPolicy } from "../rate/meter.ts";
import {
  lifetimeOf,
  SlotCounts,
  type Slots,
  secondsUntilSlot,
  slotAt,
  slotsOf,
} from "../rate/sliding-window.ts";
import { Generations } from "./generations.ts";

export { kvIdempotencyStore } from "./kv-idempotency.ts";
export type { KvRecords, KvRecordsOptions } from "./kv-records.ts";
export { kvReplayStore } from "./kv-replays.ts";

/** What is used of a KV binding. */
export interface KvNamespace {
  list(options: { prefix: string }): Promise<KvList>;
  put(
    key: string,
    value: string,
    options: { expirationTtl: number; metadata: readonly number[] },
  ): Promise<void>;
}

export interface KvList {
  readonly keys: readonly { readonly name: string; readonly metadata?: unknown }[];
}

export interface KvStoreOptions {
  readonly namespace: KvNamespace;
  /** Start of every key; default `limit`. */
  readonly prefix?: string;
  /** How often an instance tells its count of a key and reads the others', in milliseconds; default 5,000, at least 1,000. */
  readonly syncMs?: number;
  /** Most keys kept per policy in this instance; default 10,000. */
  readonly maxKeys?: number;
  /** Keeps the instance alive until a count is told: `ctx.waitUntil`. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** Name of this instance, unlike any other's; random when absent. */
  readonly instance?: string;
}

/** One write a second is what KV takes per key. */
const MIN_SYNC_MS = 1000;
const DEFAULT_SYNC_MS = 5000;
/** KV keeps nothing shorter. */
const MIN_TTL_SECONDS = 60;
const DEFAULT_MAX_KEYS = 10_000;

/** What others told stays usable for so many rounds; older knowledge is renewed before a decision. */
const USABLE_ROUNDS = 3;

/**
 * KV has no atomic addition, takes one write a second per key, and shows a write elsewhere up to a minute later. So every
 * instance counts by itself, exactly, and tells its counts under a key that only it writes: no count is lost, none is
 * written too often. A decision adds to the own count what the others were last seen to have.
 *
 * **Weaker than the other stores:** a window may hold what each instance accepted before it saw the others. That is never
 * more than the limit per instance; in practice the limit and the calls of one `syncMs` and one propagation delay. Token
 * buckets are refused: debts that drain apart do not add up.
 */
export function kvStore(options: KvStoreOptions): RateLimitStore {
  const { namespace, prefix = "limit", syncMs = DEFAULT_SYNC_MS, maxKeys = DEFAULT_MAX_KEYS } = options;
  if (!(syncMs >= MIN_SYNC_MS))
    throw new TypeError(`syncMs: at least ${MIN_SYNC_MS}, KV takes one write a second`);
  const instance = options.instance ?? toBase64Url(systemRandom.bytes(9));
  const waitUntil = options.waitUntil ?? (() => {});
  return {
    open(policies, clock) {
      const counters = new Map(
        policies.map((policy) => {
          if (policy.algorithm === "token-bucket") throw notCountable(policy);
          const place = { namespace, prefix: `${prefix}:${policy.name}:${policy.windowSeconds}`, instance };
          return [policy.name, new KvCounter(policy, place, { clock, syncMs, maxKeys, waitUntil })];
        }),
      );
      return {
        check(key, name, cost = 1) {
          const counter = counters.get(name);
          if (counter === undefined) throw unknownPolicy(name);
          checkCost(cost);
          return counter.check(key, cost);
        },
      };
    },
  };
}

function notCountable({ name }: RateLimitPolicy): TypeError {
  return new TypeError(`policy "${name}": a token bucket cannot be counted in KV; use a window`);
}

interface Place {
  readonly namespace: KvNamespace;
  readonly prefix: string;
  readonly instance: string;
}

interface Rhythm {
  readonly clock: Clock;
  readonly syncMs: number;
  readonly maxKeys: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What this instance knows of one key. Times are of the wall clock, which instances share. */
class KeyState {
  own: SlotCounts;
  others: SlotCounts;
  digest = "";
  askedAt = Number.NEGATIVE_INFINITY;
  learntAt = Number.NEGATIVE_INFINITY;
  toldAt = Number.NEGATIVE_INFINITY;
  hasUntold = false;

  constructor(slots: number) {
    this.own = new SlotCounts(slots);
    this.others = new SlotCounts(slots);
  }
}

/** The keys of one policy. No promise is shared between requests: on Workers one may not wait for another's I/O. */
class KvCounter {
  readonly #policy: RateLimitPolicy;
  readonly #slots: Slots;
  readonly #place: Place;
  readonly #rhythm: Rhythm;
  readonly #keys: Generations<KeyState>;
  readonly #ttlSeconds: number;

  constructor(policy: RateLimitPolicy, place: Place, rhythm: Rhythm) {
    this.#policy = policy;
    this.#slots = slotsOf(policy);
    this.#place = place;
    this.#rhythm = rhythm;
    const lifetimeMs = lifetimeOf(this.#slots);
    this.#keys = new Generations(lifetimeMs, rhythm.maxKeys, () => new KeyState(this.#slots.count));
    this.#ttlSeconds = Math.max(MIN_TTL_SECONDS, Math.ceil(lifetimeMs / 1000));
  }

  check(key: string, cost: number): RateLimitDecision | Promise<RateLimitDecision> {
    const { clock, syncMs } = this.#rhythm;
    const now = clock.now();
    const state = this.#keys.of(key, now);
    const age = now - state.learntAt;
    if (age >= syncMs * USABLE_ROUNDS) return this.#learnAndDecide(key, state, cost);
    if (age >= syncMs && now - state.askedAt >= syncMs) this.#inBackground(state, this.#learn(key, state));
    return this.#decide(key, state, cost);
  }

  async #learnAndDecide(key: string, state: KeyState, cost: number): Promise<RateLimitDecision> {
    await this.#learn(key, state);
    return this.#decide(key, state, cost);
  }

  #decide(key: string, state: KeyState, cost: number): RateLimitDecision {
    const { clock, syncMs } = this.#rhythm;
    const now = clock.now();
    const decision = decide(this.#policy, this.#slots, state, now, cost);
    if (state.hasUntold && now - state.toldAt >= syncMs)
      this.#inBackground(state, this.#tell(key, state, now));
    return decision;
  }

  /** A failure makes the next decision of the key ask again and wait: then it is seen. */
  #inBackground(state: KeyState, work: Promise<void>): void {
    const settled = work.catch(() => {
      state.learntAt = Number.NEGATIVE_INFINITY;
    });
    this.#rhythm.waitUntil(settled);
  }

  async #learn(key: string, state: KeyState): Promise<void> {
    const { namespace, instance } = this.#place;
    const asked = this.#rhythm.clock.now();
    state.askedAt = asked;
    const prefix = await this.#prefixOf(key, state);
    const { keys } = await namespace.list({ prefix });
    const now = this.#rhythm.clock.now();
    const slot = slotAt(this.#slots, now);
    const others = new SlotCounts(this.#slots.count);
    others.advanceTo(slot);
    for (const { name, metadata } of keys) {
      if (name !== prefix + instance) addCounts(others, metadata);
    }
    state.others = others;
    state.learntAt = asked;
  }

  async #tell(key: string, state: KeyState, now: number): Promise<void> {
    state.toldAt = now;
    state.hasUntold = false;
    const metadata = [state.own.slot, ...state.own.counts];
    const name = (await this.#prefixOf(key, state)) + this.#place.instance;
    await this.#place.namespace.put(name, "", { expirationTtl: this.#ttlSeconds, metadata });
  }

  /** A digest: keys of any length fit KV's 512 bytes, and nobody's address or id is stored. */
  async #prefixOf(key: string, state: KeyState): Promise<string> {
    if (state.digest === "") {
      const digest = await crypto.subtle.digest("SHA-256", utf8(key));
      state.digest = toBase64Url(new Uint8Array(digest).subarray(0, 16));
    }
    return `${this.#place.prefix}:${state.digest}:`;
  }
}

/** Adds what another instance told: its slot, then its counts. Anything else is not ours and counts nothing. */
function addCounts(sum: SlotCounts, told: unknown): void {
  const slots = sum.counts.length;
  if (!Array.isArray(told) || told.length !== slots + 1 || !told.every(isCount)) return;
  const [last, ...counts] = told as [number, ...number[]];
  const first = Math.max(0, Math.max(last, sum.slot) - slots + 1);
  for (let slot = first; slot <= Math.min(last, sum.slot); slot += 1) {
    sum.addAt(slot, counts[slot % slots] ?? 0);
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function decide(
  policy: RateLimitPolicy,
  slots: Slots,
  state: KeyState,
  now: number,
  cost: number,
): RateLimitDecision {
  const slot = slotAt(slots, now);
  const { own, others } = state;
  own.advanceTo(slot);
  others.advanceTo(own.slot);
  const used = own.total + others.total;
  const allowed = used + cost <= policy.limit;
  if (allowed && cost > 0) {
    own.add(cost);
    state.hasUntold = true;
  }
  const total = allowed ? used + cost : used;
  const wait = slotsUntilFreed(own, others, allowed ? 1 : total + cost - policy.limit);
  return {
    policy,
    allowed,
    remaining: Math.max(0, policy.limit - total),
    resetSeconds: secondsUntilSlot(slots, own.slot + wait, now),
  };
}

function slotsUntilFreed(own: SlotCounts, others: SlotCounts, needed: number): number {
  const sum = new SlotCounts(own.counts.length);
  sum.slot = own.slot;
  sum.total = own.total + others.total;
  own.counts.forEach((count, at) => {
    sum.counts[at] = count + (others.counts[at] as number);
  });
  return sum.slotsUntilFreed(needed);
}
