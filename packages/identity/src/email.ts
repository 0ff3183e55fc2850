import { domainToASCII } from "node:url";

/** RFC 5321, section 4.5.3.1: 64 octets before the sign, 254 in all (with the errata on the path's brackets). */
const MAX_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;

/** Dot-atom of RFC 5322, section 3.2.3. Quoted local parts are allowed by the standard and used by nobody. */
const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The one spelling of an address: trimmed, lower case, an international domain as A-labels. Null when it is none.
 *
 * The local part must be ASCII before anything is done to it (normalising or lower-casing turns the Kelvin sign into a
 * plain k): a look-alike letter is refused there, and shows as `xn--` in the domain.
 */
export function normaliseEmail(input: string): string | null {
  if (input.length > 2 * MAX_LENGTH || !input.isWellFormed()) return null;
  const text = input.trim();
  const at = text.lastIndexOf("@");
  if (at < 1) return null;
  const local = text.slice(0, at);
  if (local.length > MAX_LOCAL_LENGTH || !isAscii(local)) return null;
  const domain = normaliseDomain(text.slice(at + 1));
  if (domain === null || !LOCAL.test(local.toLowerCase())) return null;
  const email = `${local.toLowerCase()}@${domain}`;
  return email.length > MAX_LENGTH ? null : email;
}

function normaliseDomain(text: string): string | null {
  // `domainToASCII` also reads percent escapes, ports and numeric hosts: only letters, digits, dots and hyphens get there.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(text)) return null;
  const labels = domainToASCII(text).split(".");
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label))) return null;
  if (/^[0-9]+$/.test(labels.at(-1) ?? "")) return null;
  return labels.join(".");
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7e) return false;
  return true;
}
