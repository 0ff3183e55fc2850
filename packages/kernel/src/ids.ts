import { toHex } from "./bytes.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** A UUID in lower-case canonical text, 36 characters. */
export type Uuid = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for a lower-case canonical UUID of the RFC 9562 variant, any version. */
export function isUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text);
}

const MAX_TIMESTAMP = 2 ** 48 - 1;
const MAX_COUNTER = 0xfff;

/**
 * UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, 12 bits that count within a millisecond (section 6.2,
 * method 1), 62 random bits. Ids of one generator sort in the order they were made, even when the clock goes back: the
 * last time seen is kept, and moved on by one when the counter is full.
 */
export function uuidV7Generator(clock: Clock, random: Random): () => Uuid {
  let lastTime = -1;
  let counter = 0;
  return () => {
    const now = Math.min(Math.max(0, Math.floor(clock.now())), MAX_TIMESTAMP);
    const bytes = random.bytes(10);
    if (now > lastTime) {
      lastTime = now;
      // The first counter of a millisecond is random in its lower half, so that there is room to count.
      counter = (((bytes[0] as number) << 8) | (bytes[1] as number)) & 0x7ff;
    } else if (counter < MAX_COUNTER) {
      counter += 1;
    } else {
      lastTime += 1;
      counter = 0;
    }
    return formatUuidV7(lastTime, counter, bytes);
  };
}

function formatUuidV7(time: number, counter: number, random: Uint8Array): Uuid {
  const stamp = time.toString(16).padStart(12, "0");
  const versioned = (0x7000 | counter).toString(16);
  random[2] = ((random[2] as number) & 0x3f) | 0x80;
  const tail = toHex(random.subarray(2));
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${versioned}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** The millisecond a UUIDv7 was made in, or null for any other text. */
export function uuidV7Time(id: Uuid): number | null {
  if (!isUuid(id) || id[14] !== "7") return null;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const COMPACT_UUID_LENGTH = 16;

/** The 16 bytes of a canonical UUID, or null. */
export function uuidToBytes(id: Uuid): Uint8Array<ArrayBuffer> | null {
  if (!isUuid(id)) return null;
  const hex = id.replaceAll("-", "");
  const out = new Uint8Array(COMPACT_UUID_LENGTH);
  for (let i = 0; i < out.length; i += 1) out[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return out;
}

/** The canonical text of 16 bytes; null when there are not 16 or they are not an RFC 9562 UUID. */
export function uuidFromBytes(bytes: Uint8Array): Uuid | null {
  if (bytes.length !== COMPACT_UUID_LENGTH) return null;
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return isUuid(id) ? id : null;
}
