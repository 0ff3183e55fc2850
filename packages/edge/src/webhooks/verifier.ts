import type { Bytes, Clock } from "@rempart/kernel";
import type { ReplayStore } from "./replay-store.ts";
import type { Claim, ReadHeader, WebhookScheme } from "./scheme.ts";

export interface WebhookOptions {
  readonly scheme: WebhookScheme;
  /** One, or several while the sender changes from one to the next. Text is taken as its UTF-8 bytes. */
  readonly secrets: readonly (string | Uint8Array)[];
  readonly replays: ReplayStore;
  readonly clock: Clock;
  /** How far the sender's clock may be from ours, in seconds; default 300. */
  readonly toleranceSeconds?: number;
  /** How long an event's id is remembered, in seconds; default three days, as long as Stripe repeats itself. */
  readonly rememberSeconds?: number;
  /** Longest body, in bytes; default 1 MiB. */
  readonly maxBodyBytes?: number;
}

export type WebhookRefusal = "too-large" | "malformed" | "stale" | "signature" | "no-id" | "replayed";

export type WebhookVerdict =
  | { readonly kind: "accepted"; readonly id: string; readonly timestamp: number; release(): Promise<void> }
  | { readonly kind: "refused"; readonly reason: WebhookRefusal };

export interface WebhookVerifier {
  /**
   * Judges the body exactly as it arrived: parse it only afterwards. Answer `replayed` with a 2xx, or the sender keeps
   * repeating it; call `release` when handling failed, so that the sender's next attempt is not taken for a replay.
   */
  verify(header: ReadHeader, body: Uint8Array): Promise<WebhookVerdict>;
}

const MAX_SECRETS = 5;
const MIN_SECRET_BYTES = 16;

/** Throws `TypeError` for options that would accept too much. */
export function createWebhookVerifier(options: WebhookOptions): WebhookVerifier {
  const { scheme, replays, clock, toleranceSeconds = 300, maxBodyBytes = 1_048_576 } = options;
  const { rememberSeconds = 3 * 86_400 } = options;
  if (!(toleranceSeconds > 0)) throw new TypeError("toleranceSeconds: expects a positive number");
  if (rememberSeconds < 2 * toleranceSeconds) {
    throw new TypeError("rememberSeconds: an id must be remembered while its timestamp is accepted");
  }
  const keys = importKeys(options.secrets);
  return {
    async verify(header, body) {
      if (body.length > maxBodyBytes) return refuse("too-large");
      const claim = scheme.read(header, body);
      if (claim === null) return refuse("malformed");
      // A NaN would compare as fresh: the scheme reads digits only.
      if (Math.abs(clock.now() / 1000 - claim.timestamp) > toleranceSeconds) return refuse("stale");
      if (!(await isSigned(claim, await keys))) return refuse("signature");
      const id = claim.id ?? scheme.readId(body);
      if (id === null) return refuse("no-id");
      if (!(await replays.claim(id, rememberSeconds))) return refuse("replayed");
      return { kind: "accepted", id, timestamp: claim.timestamp, release: async () => replays.release(id) };
    },
  };
}

function refuse(reason: WebhookRefusal): WebhookVerdict {
  return { kind: "refused", reason };
}

function importKeys(secrets: readonly (string | Uint8Array)[]): Promise<CryptoKey[]> {
  if (secrets.length === 0 || secrets.length > MAX_SECRETS)
    throw new TypeError(`secrets: expects 1 to ${MAX_SECRETS}`);
  const raw = secrets.map(
    (secret): Bytes =>
      typeof secret === "string" ? new TextEncoder().encode(secret) : new Uint8Array(secret),
  );
  if (raw.some(({ length }) => length < MIN_SECRET_BYTES))
    throw new TypeError(`secrets: expects at least ${MIN_SECRET_BYTES} bytes each`);
  return Promise.all(
    raw.map((bytes) =>
      crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]),
    ),
  );
}

/** Every pair is tried, whichever matches: the time says nothing of which secret, or how much of it, was right. */
async function isSigned({ signatures, signed }: Claim, keys: readonly CryptoKey[]): Promise<boolean> {
  const trials = keys.flatMap((key) =>
    signatures.map((mac) => crypto.subtle.verify("HMAC", key, mac, signed)),
  );
  return (await Promise.all(trials)).includes(true);
}
