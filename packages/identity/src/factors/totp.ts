import { createHmac } from "node:crypto";
import { equalBytes, utf8 } from "@rempart/kernel";
import { toBase32 } from "./base32.ts";

/** What every authenticator app knows: SHA-1, six digits, thirty seconds. Apps ignore other parameters silently. */
const DIGITS = 6;
const STEP_MS = 30_000;
/** Steps before and after the present one that are accepted: the phone's clock and the typing (RFC 6238, section 5.2). */
const DRIFT = 1;
/** RFC 4226, section 4, asks for 160 bits. */
export const SEED_BYTES = 20;

/** The code of one time step (RFC 6238 over RFC 4226, section 5.3). */
export function totp(seed: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", seed).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

export function stepAt(now: number): number {
  return Math.floor(now / STEP_MS);
}

/**
 * The step `code` belongs to, or null. A step up to `lastStep` has been used and is refused. Every step within the drift is
 * computed and compared in full, whichever matches.
 */
export function matchTotp(
  seed: Uint8Array,
  code: string,
  now: number,
  lastStep: number | null,
): number | null {
  const typed = normaliseCode(code);
  if (typed === null) return null;
  let matched: number | null = null;
  for (let step = Math.max(0, stepAt(now) - DRIFT); step <= stepAt(now) + DRIFT; step += 1) {
    const same = equalBytes(utf8(totp(seed, step)), utf8(typed));
    if (same && (lastStep === null || step > lastStep)) matched = step;
  }
  return matched;
}

/** Six digits; the spaces apps show between them are dropped. Null for any other text. */
function normaliseCode(code: string): string | null {
  if (code.length > 4 * DIGITS) return null;
  const digits = code.replace(/\s/g, "");
  return /^[0-9]{6}$/.test(digits) ? digits : null;
}

/** What the QR code of an authenticator app holds (Key Uri Format of google-authenticator). */
export function otpauthUri(seed: Uint8Array, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${toBase32(seed)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`;
}
