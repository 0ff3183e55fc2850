import { concat, utf8 } from "@rempart/kernel";
import { LIMITS, type Suite } from "../contract/index.ts";
import { WIRE_FORMATS } from "./message.ts";
import { Reader } from "./reader.ts";
import { expect, MLS_1_0, readKeyPackage } from "./structures.ts";
import { vector } from "./vector.ts";

export interface KeyPackageInfo {
  readonly suite: Suite;
  readonly userId: string;
  readonly deviceId: string;
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A KeyPackage message (RFC 9420, section 10), or null. Nothing is verified: see `verifyKeyPackage`. */
export function inspectKeyPackage(bytes: Uint8Array): KeyPackageInfo | null {
  if (bytes.length > LIMITS.keyPackageBytes) return null;
  const reader = new Reader(bytes);
  expect(reader, reader.uint16(), MLS_1_0);
  expect(reader, reader.uint16(), WIRE_FORMATS.keyPackage);
  const { suite, leaf } = readKeyPackage(reader);
  if (!reader.done) return null;
  const { userId, deviceId, signatureKey, notBefore, notAfter } = leaf;
  return { suite, userId, deviceId, signatureKey, notBefore, notAfter };
}

const MESSAGE_HEADER_BYTES = 4;
/** An Ed25519 signature and the two bytes of its vector's length. */
const SIGNATURE_BYTES = 64;
const SIGNATURE_VECTOR_BYTES = 66;

/**
 * True when the key package is signed by the key it carries (RFC 9420, section 10.1): whoever made it holds the
 * device's private key. About 0.2 ms.
 */
export async function verifyKeyPackage(bytes: Uint8Array): Promise<boolean> {
  const info = inspectKeyPackage(bytes);
  if (info === null || bytes.length < SIGNATURE_VECTOR_BYTES) return false;
  // 0x4040: the length 64 as a two-byte vector length.
  const at = bytes.length - SIGNATURE_VECTOR_BYTES;
  if (bytes[at] !== 0x40 || bytes[at + 1] !== SIGNATURE_BYTES) return false;
  const signed = bytes.subarray(MESSAGE_HEADER_BYTES, at);
  return verifyWithLabel(info.signatureKey, "KeyPackageTBS", signed, bytes.subarray(at + 2));
}

/** VerifyWithLabel (RFC 9420, section 5.1.2) with Ed25519. False for an impossible key. */
async function verifyWithLabel(
  key: Uint8Array,
  label: string,
  content: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const message = concat(vector(utf8(`MLS 1.0 ${label}`)), vector(content));
  try {
    const publicKey = await crypto.subtle.importKey("raw", new Uint8Array(key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", publicKey, new Uint8Array(signature), message);
  } catch {
    return false;
  }
}
