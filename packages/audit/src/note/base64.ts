/** Base64 with padding (RFC 4648, section 4). Strict: anything but the canonical form is refused with `null`. */
import { type Bytes, fromBase64Url, toBase64Url } from "@rempart/kernel";

export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

export function fromBase64(text: string): Bytes | null {
  if (text.length % 4 !== 0 || /[-_]/.test(text)) return null;
  return fromBase64Url(
    text
      .replace(/={1,2}$/, "")
      .replaceAll("+", "-")
      .replaceAll("/", "_"),
  );
}
