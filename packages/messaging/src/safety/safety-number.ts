import { type Bytes, concat, toBase64Url, toHex, utf8, uuidToBytes } from "@rempart/kernel";

/** One user's side of a safety number: every device that is not revoked, with the key it registered. */
export interface SafetyNumberSide {
  readonly userId: string;
  readonly devices: readonly { readonly deviceId: string; readonly signatureKey: Uint8Array }[];
}

export interface SafetyNumber {
  /** Twelve groups of five digits. */
  readonly groups: readonly string[];
  /** What a QR code carries: the version and both fingerprints, the smaller first. Compare for equality. */
  readonly qrText: string;
}

/** Stands in every hash: a number of another version never equals one of this. */
const VERSION = 1;
/** As Signal's numeric fingerprint: makes searching for a key with a colliding number 2^12 times dearer. */
const ITERATIONS = 5200;
const FINGERPRINT_BYTES = 32;
const GROUPS_PER_SIDE = 6;

/**
 * Two people compare this over another channel to know that no device stands between them. The same on both sides,
 * whichever is named first and in whatever order devices come; any added, removed or exchanged device changes it. 112 bits
 * of security against a chosen second key. Takes about 0.2 s.
 */
export async function safetyNumber(a: SafetyNumberSide, b: SafetyNumberSide): Promise<SafetyNumber> {
  if (a.userId === b.userId) throw new TypeError("a safety number stands between two users");
  const sides = await Promise.all([fingerprint(a), fingerprint(b)]);
  sides.sort((x, y) => (toHex(x) < toHex(y) ? -1 : 1));
  return {
    groups: sides.flatMap(digits),
    qrText: `rempart-safety-number:${VERSION}:${sides.map((side) => toBase64Url(side.subarray(0, FINGERPRINT_BYTES))).join(":")}`,
  };
}

async function fingerprint(side: SafetyNumberSide): Promise<Bytes> {
  const identity = concat(utf8(`rempart safety number ${VERSION}`), uuid(side.userId), ...sorted(side));
  let hash = await sha512(identity);
  for (let i = 1; i < ITERATIONS; i += 1) hash = await sha512(concat(hash, identity));
  return hash;
}

function sorted(side: SafetyNumberSide): Bytes[] {
  const parts = side.devices.map(({ deviceId, signatureKey }) => {
    if (signatureKey.length !== 32) throw new TypeError("a signature key has 32 bytes");
    return concat(uuid(deviceId), signatureKey);
  });
  return parts.sort((x, y) => (toHex(x) < toHex(y) ? -1 : 1));
}

function uuid(text: string): Bytes {
  const bytes = uuidToBytes(text);
  if (bytes === null) throw new TypeError("not a UUID");
  return bytes;
}

async function sha512(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
}

/** Five bytes a group, modulo 100,000 (the bias is below 10^-7). */
function digits(hash: Uint8Array): string[] {
  return Array.from({ length: GROUPS_PER_SIDE }, (_, group) => {
    let value = 0;
    for (const byte of hash.subarray(group * 5, group * 5 + 5)) value = value * 256 + byte;
    return String(value % 100_000).padStart(5, "0");
  });
}
