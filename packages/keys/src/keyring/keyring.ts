import type { Clock, Random } from "@rempart/kernel";
import { type CallTracer, type DependencyHealth, type Logger, silentLogger } from "@rempart/runtime";
import { MAX_PLAINTEXT_BYTES, openRecord, sealRecord, splitEnvelope } from "../envelope/envelope.ts";
import { saltSource } from "../envelope/salts.ts";
import { KeysError } from "../errors.ts";
import { type KeysObserver, reporter } from "../events.ts";
import type { Envelopes, KeyProvider, SealedStreams } from "../ports.ts";
import { dataKeys } from "./data-keys.ts";
import { guardProvider, LOCAL_CALLS, PROVIDER_CALLS, type ProviderCalls } from "./guard.ts";
import { OPENED_KEYS_LIMITS, OpenedKeys, type OpenedKeysLimits } from "./opened-keys.ts";
import { KEY_LIMITS, type KeyLimits, SealingKey } from "./sealing-key.ts";
import { sealedStreams } from "./streams.ts";

export interface KeyringOptions {
  /** AWS KMS, Vault, an HSM. Without one every value is sealed as `local:`. */
  readonly primary?: KeyProvider;
  /** Wraps every data key as well, so that values can be read while the primary is away. */
  readonly local: KeyProvider;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe?: KeysObserver;
  /** Follows the calls of providers. */
  readonly trace?: CallTracer;
  readonly log?: Logger;
  readonly calls?: Partial<ProviderCalls>;
  readonly keyLimits?: Partial<KeyLimits>;
  readonly openedKeys?: Partial<OpenedKeysLimits>;
  /** Milliseconds between attempts to return to the primary provider; 10 seconds unless told. */
  readonly returnAfterMs?: number;
  /** Milliseconds of outage after which sealing fails instead of going on with the local key; a day unless told. */
  readonly standInForAtMostMs?: number;
}

export interface Keyring extends Envelopes, SealedStreams, Disposable {
  /** Whether there is a primary provider, under which values sealed as `local:` should come. */
  readonly hasPrimary: boolean;
  /** Of each provider, the primary first. */
  health(): readonly (DependencyHealth & { readonly provider: string })[];
}

const RETURN_AFTER_MS = 10_000;
const STAND_IN_FOR_AT_MOST_MS = 24 * 3_600_000;

/** Seals and opens values under data keys that providers wrap. One for a process: it holds the caches. */
export function createKeyring(options: KeyringOptions): Keyring {
  const { clock, random, log = silentLogger } = options;
  const report = reporter(options.observe, log);
  const guard = (provider: KeyProvider, calls: ProviderCalls) =>
    guardProvider(provider, { calls: { ...calls, ...options.calls }, clock, report, trace: options.trace });
  const local = guard(options.local, LOCAL_CALLS);
  const primary = options.primary && guard(options.primary, PROVIDER_CALLS);
  if (primary?.name === local.name) throw new TypeError("the two providers need names of their own");
  const keys = dataKeys({ primary, local }, { random, report });
  const opened = new OpenedKeys({ keys, clock, limits: { ...OPENED_KEYS_LIMITS, ...options.openedKeys } });
  const sealing = new SealingKey({
    keys,
    primary,
    clock,
    report,
    limits: { ...KEY_LIMITS, ...options.keyLimits },
    returnAfterMs: options.returnAfterMs ?? RETURN_AFTER_MS,
    standInForAtMostMs: options.standInForAtMostMs ?? STAND_IN_FOR_AT_MOST_MS,
    onMade: ({ opening }) => opened.add(opening),
  });
  const nextSalt = saltSource(random);

  return {
    hasPrimary: primary !== undefined,
    async seal(plaintext, where) {
      if (plaintext.length > MAX_PLAINTEXT_BYTES)
        throw new KeysError(
          "too-large",
          `an envelope holds up to ${MAX_PLAINTEXT_BYTES} bytes; seal a stream`,
        );
      return sealing.use(plaintext.length, (key) => sealRecord(key, nextSalt(), plaintext, where));
    },
    async open(envelope, where) {
      const { prefix, body } = splitEnvelope(envelope);
      return opened.use(prefix, (key) => openRecord(key, body, where));
    },
    ...sealedStreams({ sealing, opened, nextSalt }),
    health: () =>
      [primary, local].flatMap((provider) =>
        provider === undefined ? [] : [{ provider: provider.name, ...provider.health() }],
      ),
    [Symbol.dispose]() {
      sealing.wipe();
      opened.wipe();
    },
  };
}
