import { type Clock, CodedError } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { KeysError } from "../errors.ts";
import type { SecretEvent } from "./ports.ts";

export interface CacheOptions {
  readonly freshMs: number;
  readonly maxStaleMs: number;
  readonly clock: Clock;
  readonly emit: (event: SecretEvent) => void;
  /** Told of every value that was read, also of one that is the same. */
  readonly onRead: (name: string, secret: Secret) => void;
}

export interface SecretCache {
  /** The known value while it is fresh, else the store's. */
  current(name: string): Promise<Secret>;
  /** Asks the store; joins whoever is asking already. */
  refresh(name: string): Promise<Secret>;
  /** What is known, however old. */
  peek(name: string): Secret | undefined;
  /** The value may be another by now, yet still bridges an outage. */
  expire(name: string): void;
  forget(name: string): void;
  names(): string[];
}

interface Known {
  readonly secret: Secret;
  readonly readAt: number;
  freshUntil: number;
}

/** After an outage was bridged, callers are not made to wait for the store again for this long. */
const RETRY_MS = 5_000;

export function createCache(read: (name: string) => Promise<Secret>, options: CacheOptions): SecretCache {
  const { freshMs, maxStaleMs, clock, emit, onRead } = options;
  const known = new Map<string, Known>();
  const flights = new Map<string, Promise<Secret>>();

  function refresh(name: string): Promise<Secret> {
    const joined = flights.get(name);
    if (joined !== undefined) return joined;
    const flight: Promise<Secret> = ask(name, () => flights.get(name) === flight).finally(() => {
      if (flights.get(name) === flight) flights.delete(name);
    });
    flights.set(name, flight);
    return flight;
  }

  /** `isCurrent` turns false when the secret expires or is forgotten meanwhile: what was read may then be the old value. */
  async function ask(name: string, isCurrent: () => boolean): Promise<Secret> {
    const readAt = clock.monotonic();
    try {
      const secret = await read(name);
      if (!isCurrent()) return secret;
      known.set(name, { secret, readAt, freshUntil: readAt + freshMs });
      onRead(name, secret);
      return secret;
    } catch (error) {
      emit({ type: "failed", name, code: error instanceof CodedError ? error.code : "unknown" });
      return bridge(name, error);
    }
  }

  /** The last value in place of no answer. Any answer, a refusal above all, takes it away. */
  function bridge(name: string, error: unknown): Secret {
    const entry = known.get(name);
    const isOutage = error instanceof KeysError && error.code === "secret-unavailable";
    if (!isOutage) known.delete(name);
    if (!isOutage || entry === undefined) throw error;
    const now = clock.monotonic();
    const staleAt = entry.readAt + freshMs + maxStaleMs;
    if (now >= staleAt) throw error;
    entry.freshUntil = Math.min(now + RETRY_MS, staleAt);
    emit({ type: "stale", name, ageMs: now - entry.readAt });
    return entry.secret;
  }

  return {
    async current(name) {
      const entry = known.get(name);
      return entry !== undefined && clock.monotonic() < entry.freshUntil ? entry.secret : refresh(name);
    },
    refresh,
    peek: (name) => known.get(name)?.secret,
    expire(name) {
      const entry = known.get(name);
      if (entry !== undefined) entry.freshUntil = Number.NEGATIVE_INFINITY;
      flights.delete(name);
    },
    forget(name) {
      known.delete(name);
      flights.delete(name);
    },
    names: () => [...new Set([...known.keys(), ...flights.keys()])],
  };
}
