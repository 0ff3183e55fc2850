import { type Clock, systemClock } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { createCache } from "./cache.ts";
import type { SecretEvent, SecretObserver, SecretProvider } from "./ports.ts";
import { parseReference, select } from "./reference.ts";
import { createSubscriptions } from "./subscriptions.ts";

export interface SecretsOptions {
  readonly provider: SecretProvider;
  /** Milliseconds a value is used without asking again; 5 minutes unless told. */
  readonly freshMs?: number;
  /** Milliseconds past that in which an outage is bridged with the last value; 1 hour unless told. */
  readonly maxStaleMs?: number;
  readonly clock?: Clock;
  readonly observe?: SecretObserver;
}

export interface Secrets extends Disposable {
  /**
   * The value of `name` or `name#path.to.field`. An outage is bridged within `maxStaleMs`; a refusal or a removal never is,
   * and takes the known value away. Rejects with a `KeysError`.
   */
  get(reference: string): Promise<Secret>;
  /**
   * Calls `changed` with every later value until disposed. The store is asked again every `freshMs`, and at once when it
   * tells of a change. Changes count from the last `get`.
   */
  onChange(reference: string, changed: (secret: Secret) => void): Disposable;
  /** Forgets what is known of a secret, or of all: the next `get` asks the store. */
  forget(name?: string): void;
}

const FRESH_MS = 5 * 60_000;
const MAX_STALE_MS = 3_600_000;

/** A store's secrets, remembered for a while and read once for all who ask at the same time. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { provider, freshMs = FRESH_MS, maxStaleMs = MAX_STALE_MS, clock = systemClock } = options;
  const emit = quietly(options.observe);
  const subscriptions = createSubscriptions(emit);
  const cache = createCache((name) => provider.read(name), {
    freshMs,
    maxStaleMs,
    clock,
    emit,
    onRead: subscriptions.publish,
  });
  let timer: NodeJS.Timeout | undefined;

  /** Subscribers hear of it by `publish`; a failure was observed and leaves them with what they have. */
  function refreshSubscribed(isWanted: (name: string) => boolean = () => true): void {
    for (const name of subscriptions.names()) if (isWanted(name)) cache.refresh(name).catch(() => {});
  }

  const watching = provider.watch?.((changed) => {
    for (const name of changed === undefined ? cache.names() : [changed]) cache.expire(name);
    refreshSubscribed((name) => changed === undefined || changed === name);
  });

  return {
    async get(reference) {
      const parsed = parseReference(reference);
      return select(await cache.current(parsed.name), parsed);
    },
    onChange(reference, changed) {
      const known = cache.peek(parseReference(reference).name);
      timer ??= setInterval(() => refreshSubscribed(), freshMs).unref();
      return subscriptions.add(reference, known, changed);
    },
    forget(forgotten) {
      for (const name of forgotten === undefined ? cache.names() : [forgotten]) cache.forget(name);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      watching?.[Symbol.dispose]();
    },
  };
}

function quietly(observe: SecretObserver | undefined): (event: SecretEvent) => void {
  return (event) => {
    try {
      observe?.(event);
    } catch {
      // Watching a read may not change it.
    }
  };
}
