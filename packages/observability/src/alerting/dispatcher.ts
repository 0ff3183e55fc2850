import { explain, type Random } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Delivery, Receiver } from "../receivers/receiver.ts";
import { maySend } from "./beats.ts";
import type { Keeper } from "./keeper.ts";
import { claim, type Letter, settle, withoutOldestDead } from "./letters.ts";
import type { AlertEvent } from "./state.ts";
import type { Held } from "./store.ts";

export interface DispatcherOptions {
  readonly keeper: Keeper;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly sender: string;
  readonly random: Random;
  readonly log: Logger;
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number;
  readonly onDelivery: (letter: Letter, delivery: Delivery, isDead: boolean) => void;
}

const LIMIT = 8;
const LIMIT_EACH = 2;
const MAX_DEAD = 200;
/** A letter is its sender's for as long as an attempt takes, and then for so many attempts more: the store may be slow. */
const LEASE_ATTEMPTS = 3;
/** Another process may know the receiver; after so long, none does. */
const UNKNOWN_MS = 3_600_000;

/** Sends letters, several at a time; each is claimed first, so that one process alone sends it. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Resolves when everything that is due was taken, not when it was sent. */
  async dispatch(): Promise<void> {
    if (this.#isStopped || this.#underWay.size >= LIMIT) return;
    for (const letter of await this.#claim(LIMIT - this.#underWay.size)) this.#follow(this.#deliver(letter));
  }

  /** Waits for what is being sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.settled();
  }

  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #follow(sending: Promise<void>): void {
    const followed = sending
      .catch((error: unknown) =>
        this.#options.log.error({ err: error }, "what came of a notification was not written down"),
      )
      .finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  #claim(limit: number): Promise<readonly Letter[]> {
    const { keeper, receivers, sender, attemptMs } = this.#options;
    return keeper.update((held, now) => {
      const may = ({ notification }: Letter): boolean => {
        const { receiver, severity, at } = notification;
        if (!maySend(notification, sender)) return false;
        // What is not critical waits for the store: every process that lost it would tell it.
        if (keeper.isAway && severity !== "critical") return false;
        return receivers.has(receiver) || now - at > UNKNOWN_MS;
      };
      const leaseMs = LEASE_ATTEMPTS * attemptMs;
      const { letters, taken } = claim(held.letters, now, {
        sender,
        leaseMs,
        limit,
        limitEach: LIMIT_EACH,
        may,
      });
      return { held: taken.length === 0 ? held : { ...held, letters }, answer: taken };
    });
  }

  async #deliver(letter: Letter): Promise<void> {
    const delivery = await this.#attempt(letter);
    const { keeper, sender, random, onDelivery } = this.#options;
    const isDead = await keeper.update((held, now) => {
      const letters = settle(held.letters, { letter, sender, delivery }, now, random);
      if (letters === null) return { held, answer: false };
      const events = delivery.kind === "accepted" ? toldEvents(letter, now) : [];
      const kept: Held = { ...held, letters: withoutOldestDead(letters, MAX_DEAD) };
      return { held: kept, events, answer: (letters.get(letter.id)?.dead ?? null) !== null };
    });
    onDelivery(letter, delivery, isDead);
    await this.dispatch();
  }

  async #attempt({ notification }: Letter): Promise<Delivery> {
    const receiver = this.#options.receivers.get(notification.receiver);
    if (receiver === undefined) return { kind: "refused", reason: "there is no receiver of this name" };
    const signal = AbortSignal.timeout(this.#options.attemptMs);
    const late = new Promise<Delivery>((resolve) => {
      signal.addEventListener("abort", () => resolve({ kind: "retry", reason: "it did not answer in time" }));
    });
    try {
      return await Promise.race([receiver.send(notification, signal), late]);
    } catch (error) {
      return { kind: "retry", reason: explain(error) };
    }
  }
}

function toldEvents({ notification: { alerts, receiver } }: Letter, at: number): AlertEvent[] {
  return alerts.map(({ fingerprint, name, value }) => ({
    at,
    kind: "told",
    fingerprint,
    rule: name,
    value,
    detail: receiver,
  }));
}
