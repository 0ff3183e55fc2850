import { domainToASCII } from "node:url";

/*
 * One spelling for what people write in many: what is stored, compared and indexed. Null for a text that cannot be the
 * thing; nothing is guessed.
 */

const MAX_EMAIL = 254;
const MAX_LOCAL_BYTES = 64;
/** RFC 5322 atoms, and with RFC 6531 everything beyond ASCII that is no blank or control. */
const LOCAL = /^[\w!#$%&'*+/=?^`{|}~\u{80}-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u{80}-\u{10ffff}-]+)*$/u;
const INVISIBLE = /[\s\p{C}]/u;

/**
 * Local part in NFC and lower case, domain in its lower-case ASCII form. A server may tell `A@` from `a@` (RFC 5321, section
 * 2.4); none that people use does. Quoted local parts and address literals are refused.
 */
export function normaliseEmail(text: string): string | null {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf("@");
  if (at < 1 || trimmed.length > MAX_EMAIL || !trimmed.isWellFormed()) return null;
  const local = trimmed.slice(0, at).normalize("NFC").toLowerCase();
  const domain = asciiDomain(trimmed.slice(at + 1));
  const isLocal = LOCAL.test(local) && !INVISIBLE.test(local) && Buffer.byteLength(local) <= MAX_LOCAL_BYTES;
  if (!isLocal || domain === null) return null;
  const address = `${local}@${domain}`;
  return address.length <= MAX_EMAIL ? address : null;
}

const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function asciiDomain(text: string): string | null {
  const ascii = INVISIBLE.test(text) ? "" : domainToASCII(text);
  return DOMAIN.test(ascii) ? ascii : null;
}

/** What people put between the digits of a number, in ASCII and as word processors improve it. */
const PHONE_SEPARATORS = /[\s().\-/\u00a0\u2010-\u2015\u202f]/gu;
const E164 = /^\+[1-9]\d{6,14}$/;

/**
 * E.164 (ITU-T E.164, section 6.2): `+`, country code, at most 15 digits in all. The number must be written internationally,
 * with `+` or `00`: a national number means nothing without its country, and guessing one would merge two people. Whether
 * the number is in use, or could be by its country's plan, is not checked.
 */
export function normalisePhone(text: string): string | null {
  if (text.length > 64) return null;
  const digits = text.trim().replace(/\(0\)/, "").replace(PHONE_SEPARATORS, "").replace(/^00/, "+");
  return E164.test(digits) ? digits : null;
}

const MAX_TEXT = 4_096;

/** NFKC, lower case, one blank between words: for names and addresses. Case pairs that fold to several letters fold, too. */
export function normaliseText(text: string): string | null {
  if (text.length > MAX_TEXT || !text.isWellFormed()) return null;
  const visible = text.replace(/\p{Cf}/gu, "").normalize("NFKC");
  const folded = visible.toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
  const plain = folded.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return plain === "" ? null : plain;
}
