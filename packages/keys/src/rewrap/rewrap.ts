import { hasCode } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import { describeEnvelope, type EnvelopeDescription } from "../envelope/describe.ts";
import { custodyOf } from "../envelope/envelope.ts";
import { KeysError } from "../errors.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Where } from "../ports.ts";

export interface SealedRow {
  readonly where: Where;
  readonly envelope: string;
  /** From where `rows` goes on after this row. */
  readonly cursor: string;
}

/** A column of envelopes. */
export interface RewrapSource {
  readonly name: string;
  /** In an order that stays, from behind `after` or from the beginning. Rows come and go meanwhile. */
  rows(after: string | undefined, signal: AbortSignal): AsyncIterable<SealedRow>;
  /** Writes `replacement` if the row still holds exactly `expected`, as one statement; false when it does not. */
  replace(where: Where, expected: string, replacement: string): Promise<boolean>;
}

export interface RewrapProgress {
  readonly source: string;
  /** To go on from after an interruption. Going on from an earlier one, or from the beginning, does no harm. */
  readonly cursor: string | undefined;
  readonly read: number;
  readonly rewrapped: number;
  /** Somebody wrote the row meanwhile: what they wrote stands. */
  readonly overtaken: number;
  /** Would not open, and was left as it is. */
  readonly refused: number;
}

export interface RewrapOptions {
  readonly after?: string;
  readonly signal?: AbortSignal;
  /** Told every 500 rows, and at the end. */
  readonly onProgress?: (progress: RewrapProgress) => void;
  /** What is to be sealed anew: with a primary provider what stands under the local key alone, without one nothing. */
  readonly isDue?: (envelope: EnvelopeDescription) => boolean;
  readonly log?: Logger;
}

const ROWS_PER_REPORT = 500;

/**
 * Opens what is due and seals it anew under the primary provider, row by row, each by compare-and-swap: safe beside writers,
 * and beside another run. Rejects with `key-unavailable` as soon as the primary provider does not take new values.
 */
export async function rewrap(
  keyring: Keyring,
  source: RewrapSource,
  options: RewrapOptions = {},
): Promise<RewrapProgress> {
  const { after, signal = new AbortController().signal, onProgress, log = silentLogger } = options;
  const isDue = options.isDue ?? (({ custody }) => keyring.hasPrimary && custody === "local");
  const counts = { read: 0, rewrapped: 0, overtaken: 0, refused: 0 };
  let cursor = after;
  const progress = (): RewrapProgress => {
    const { read, rewrapped, overtaken, refused } = counts;
    return { source: source.name, cursor, read, rewrapped, overtaken, refused };
  };
  for await (const row of source.rows(after, signal)) {
    signal.throwIfAborted();
    const outcome = await rewrapRow(keyring, source, row, { isDue, log });
    counts.read += 1;
    if (outcome !== "current") counts[outcome] += 1;
    cursor = row.cursor;
    if (counts.read % ROWS_PER_REPORT === 0) onProgress?.(progress());
  }
  onProgress?.(progress());
  return progress();
}

type Outcome = "current" | "rewrapped" | "overtaken" | "refused";

async function rewrapRow(
  keyring: Keyring,
  source: RewrapSource,
  { where, envelope }: SealedRow,
  { isDue, log }: Required<Pick<RewrapOptions, "isDue" | "log">>,
): Promise<Outcome> {
  try {
    if (!isDue(describeEnvelope(envelope))) return "current";
    const replacement = await sealAnew(keyring, envelope, where);
    return (await source.replace(where, envelope, replacement)) ? "rewrapped" : "overtaken";
  } catch (error) {
    if (!REFUSALS.some((code) => hasCode(error, code))) throw error;
    log.warn({ source: source.name, where, err: error }, "a sealed value does not open; it is left as it is");
    return "refused";
  }
}

/** Of the value, not of the provider: the next value may fare better. */
const REFUSALS = ["envelope-malformed", "envelope-refused"] as const;

async function sealAnew(keyring: Keyring, envelope: string, where: Where): Promise<string> {
  const plaintext = await keyring.open(envelope, where);
  try {
    const replacement = await keyring.seal(plaintext, where);
    if (!keyring.hasPrimary || custodyOf(replacement) === "kms") return replacement;
  } finally {
    plaintext.fill(0);
  }
  throw new KeysError("key-unavailable", "the primary key provider takes no new values now; go on later");
}
