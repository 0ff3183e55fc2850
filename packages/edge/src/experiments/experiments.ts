import type { Random } from "@rempart/kernel";
import { readCookie } from "../cookies.ts";

export interface Experiment {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Variant → weight, a positive whole number. */
  readonly variants: Readonly<Record<string, number>>;
}

/** Decides for one bucket. Answers from what it holds: no request waits for a flag. */
export interface FlagSource {
  /** Null when it does not know the flag: the declared weights decide then. */
  variant(name: string, bucket: string): string | null;
}

export interface ExperimentsOptions {
  readonly experiments: readonly Experiment[];
  readonly random: Random;
  readonly flags?: FlagSource;
  /** Starts with `__Host-`, which no sibling domain can plant; default `__Host-bucket`. */
  readonly cookie?: string;
  readonly cookieSeconds?: number;
}

export interface Assignment {
  readonly bucket: string;
  /** Experiment → variant. */
  readonly variants: Readonly<Record<string, string>>;
  /** For the answer, as a flat list: what differs by cookie says so, and a new bucket is kept. */
  readonly headers: readonly string[];
}

const BUCKET = /^[0-9a-f]{32}$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const BUCKET_BYTES = 16;

/**
 * Puts every browser into one bucket and keeps it there; each experiment splits buckets its own way, so that one says
 * nothing of another. A bucket is random and names nobody. Throws `TypeError` for experiments that cannot be told apart.
 */
export function createExperiments(
  options: ExperimentsOptions,
): (cookieHeader: string | undefined) => Assignment {
  const { experiments, random, flags, cookie = "__Host-bucket", cookieSeconds = 90 * 86_400 } = options;
  check(options, cookie);
  return (cookieHeader) => {
    const sent = readCookie(cookieHeader, cookie);
    const isKept = sent !== null && BUCKET.test(sent);
    const bucket = isKept ? sent : newBucket(random);
    const chosen = experiments.map((one) => [one.name, choose(one, bucket, flags)] as const);
    const setCookie = `${cookie}=${bucket}; Path=/; Max-Age=${cookieSeconds}; Secure; HttpOnly; SameSite=Lax`;
    const headers = isKept
      ? ["Vary", "Cookie"]
      : ["Vary", "Cookie", "Cache-Control", "private", "Set-Cookie", setCookie];
    return { bucket, variants: Object.fromEntries(chosen), headers };
  };
}

function check({ experiments }: ExperimentsOptions, cookie: string): void {
  if (!/^__Host-[A-Za-z0-9_-]{1,57}$/.test(cookie))
    throw new TypeError("cookie: expects a name that starts with __Host-");
  const names = new Set(experiments.map(({ name }) => name));
  if (names.size !== experiments.length) throw new TypeError("an experiment is there twice");
  for (const { name, variants } of experiments) {
    const weights = Object.values(variants);
    const isSound =
      weights.length > 0 && weights.every((weight) => Number.isSafeInteger(weight) && weight > 0);
    if (!NAME.test(name) || !isSound)
      throw new TypeError(
        `${JSON.stringify(name)}: expects a name, and variants with positive whole weights`,
      );
  }
}

function newBucket(random: Random): string {
  return Array.from(random.bytes(BUCKET_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function choose({ name, variants }: Experiment, bucket: string, flags: FlagSource | undefined): string {
  const decided = ask(flags, name, bucket);
  if (decided !== null && Object.hasOwn(variants, decided)) return decided;
  const entries = Object.entries(variants);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let left = share(name, bucket) * total;
  for (const [variant, weight] of entries) {
    left -= weight;
    if (left < 0) return variant;
  }
  return (entries.at(-1) as [string, number])[0];
}

/** A flag source that fails changes no answer but its own. */
function ask(flags: FlagSource | undefined, name: string, bucket: string): string | null {
  try {
    return flags?.variant(name, bucket) ?? null;
  } catch {
    return null;
  }
}

/**
 * Where a bucket stands in an experiment, evenly spread from 0 to below 1: FNV-1a, then the finaliser of MurmurHash3, since
 * FNV alone mixes its high bits badly. No secret depends on it: whoever wants another variant edits the cookie.
 */
function share(name: string, bucket: string): number {
  const text = `${name}:${bucket}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
