import type { Clock } from "@rempart/kernel";
import type { DataKey } from "../envelope/data-key.ts";
import type { FailoverReason, KeysEvent } from "../events.ts";
import { type DataKeys, failover, type NewDataKey, unavailable } from "./data-keys.ts";
import { type GuardedProvider, outageOf } from "./guard.ts";

/** What one data key may seal before the next is made. */
export interface KeyLimits {
  readonly records: number;
  /** Of plaintext. */
  readonly bytes: number;
  readonly ageMs: number;
}

export const KEY_LIMITS: KeyLimits = { records: 10_000, bytes: 2 ** 30, ageMs: 15 * 60_000 };

interface Current {
  readonly key: DataKey;
  readonly madeAt: number;
  records: number;
  bytes: number;
}

interface Outage {
  readonly since: number;
  readonly reason: FailoverReason;
  /** When the primary is to be asked again. */
  askAt: number;
}

interface Ports {
  readonly keys: DataKeys;
  readonly primary: GuardedProvider | undefined;
  readonly clock: Clock;
  readonly limits: KeyLimits;
  /** Milliseconds between attempts to return to the primary provider. */
  readonly returnAfterMs: number;
  /** Milliseconds of outage after which sealing fails instead: a stand-in must not become the normal way. */
  readonly standInForAtMostMs: number;
  readonly report: (event: KeysEvent) => void;
  /** A key was made: what it seals will be read. */
  readonly onMade: (made: NewDataKey) => void;
}

/**
 * The data key that seals now. While the primary provider gives no answer a local key stands in, and only work in the
 * background asks the primary again: a value never waits for a provider that is known to be away.
 */
export class SealingKey {
  readonly #ports: Ports;
  #current: Current | undefined;
  #renewal: Promise<void> | undefined;
  #outage: Outage | undefined;
  #return: Promise<void> | undefined;
  #closed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Runs `work` with a key good for one more record of `bytes`: at once, since a moment later it may be wiped. */
  use<T>(bytes: number, work: (key: DataKey) => T): T | Promise<T> {
    if (this.#closed) throw new TypeError("this keyring is closed");
    const current = this.#current;
    if (current === undefined || !this.#hasRoom(current, bytes)) return this.#useNext(bytes, work);
    current.records += 1;
    current.bytes += bytes;
    this.#askPrimaryAgain();
    return work(current.key);
  }

  async #useNext<T>(bytes: number, work: (key: DataKey) => T): Promise<T> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
    return this.use(bytes, work);
  }

  wipe(): void {
    this.#closed = true;
    this.#forget();
  }

  #hasRoom({ records, bytes, madeAt }: Current, more: number): boolean {
    const { limits, clock } = this.#ports;
    const fits = records === 0 || bytes + more <= limits.bytes;
    return fits && records < limits.records && clock.monotonic() - madeAt < limits.ageMs;
  }

  async #renew(): Promise<void> {
    const { keys, primary } = this.#ports;
    if (primary === undefined) return this.#use(await keys.make("local"));
    if (this.#outage !== undefined && !this.#isOverdue(this.#outage)) return this.#standIn(this.#outage);
    try {
      this.#use(await keys.make("kms"));
    } catch (error) {
      const reason = outageOf(error);
      if (reason === null) throw error;
      const now = this.#ports.clock.monotonic();
      const outage = this.#outage ?? { since: now, reason, askAt: now + this.#ports.returnAfterMs };
      if (this.#isOverdue(outage)) throw unavailable(error);
      await this.#standIn(outage);
    }
  }

  async #standIn(outage: Outage): Promise<void> {
    const { keys, primary, report } = this.#ports;
    const made = await keys.make("local");
    this.#outage = outage;
    this.#use(made);
    report(failover(primary as GuardedProvider, "wrap", outage.reason));
  }

  #isOverdue({ since }: Outage): boolean {
    return this.#ports.clock.monotonic() - since > this.#ports.standInForAtMostMs;
  }

  #askPrimaryAgain(): void {
    const { clock, returnAfterMs } = this.#ports;
    const outage = this.#outage;
    if (outage === undefined || this.#return !== undefined || clock.monotonic() < outage.askAt) return;
    outage.askAt = clock.monotonic() + returnAfterMs;
    this.#return = this.#returnToPrimary(outage).finally(() => {
      this.#return = undefined;
    });
  }

  /** Never rejects: nobody waits for it. */
  async #returnToPrimary({ since }: Outage): Promise<void> {
    const { keys, primary, clock, report } = this.#ports;
    try {
      this.#use(await keys.make("kms"));
      this.#outage = undefined;
      report({
        type: "recovered",
        provider: (primary as GuardedProvider).name,
        afterMs: clock.monotonic() - since,
      });
    } catch (error) {
      // It answers again, and refuses: from now on that is what the caller is told.
      if (outageOf(error) === null) this.#forget();
    }
  }

  #forget(): void {
    this.#current?.key.wipe();
    this.#current = undefined;
    this.#outage = undefined;
  }

  #use(made: NewDataKey): void {
    this.#current?.key.wipe();
    this.#current = undefined;
    if (this.#closed) {
      made.sealing.wipe();
      made.opening.wipe();
      return;
    }

    this.#current = { key: made.sealing, madeAt: this.#ports.clock.monotonic(), records: 0, bytes: 0 };
    this.#ports.onMade(made);
  }
}
