import { type Bytes, concat, toHex } from "@rempart/kernel";
import {
  decodeMlsMessage,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  type KeyPackage as MlsKeyPackage,
  type PrivateKeyPackage,
} from "ts-mls";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import type { Suite } from "../../contract/index.ts";
import { encodeIdentity } from "../../framing/index.ts";
import { Reader } from "../../framing/reader.ts";
import { vector } from "../../framing/vector.ts";
import { MessagingError } from "../errors.ts";
import type { DeviceKeys, KeyPackage } from "../types.ts";
import { CAPABILITIES } from "./policy.ts";
import { loadSuite } from "./suites.ts";

/**
 * A committer refuses what is not valid yet by its own clock: whoever's clock is fast could be added by nobody, and whoever's is
 * slow could add nobody. People's clocks are wrong by days, after an empty battery or a mistaken time zone.
 */
const BACKDATED_SECONDS = 7 * 24 * 3600;

export interface OwnKeyPackage {
  readonly keyPackage: MlsKeyPackage;
  readonly keys: PrivateKeyPackage;
}

/** A fresh key package that nobody but this device has seen. Lifetime in Unix seconds. */
export async function freshKeyPackage(
  device: DeviceKeys,
  suite: Suite,
  now: number,
  notAfter: number,
): Promise<OwnKeyPackage> {
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    { credentialType: "basic", identity: encodeIdentity(device) },
    CAPABILITIES,
    { notBefore: BigInt(Math.max(0, now - BACKDATED_SECONDS)), notAfter: BigInt(notAfter) },
    [],
    { signKey: device.privateKey, publicKey: device.signatureKey },
    await loadSuite(suite),
  );
  return { keyPackage: publicPackage, keys: privatePackage };
}

export async function storable(own: OwnKeyPackage, suite: Suite, notAfter: number): Promise<KeyPackage> {
  const implementation = await loadSuite(suite);
  const bytes = encodeKeyPackage(own.keyPackage);
  return {
    id: toHex(await makeKeyPackageRef(own.keyPackage, implementation.hash)),
    suite,
    notAfter,
    public: bytes,
    secret: concat(
      Uint8Array.of(SECRET_VERSION),
      vector(bytes),
      vector(own.keys.initPrivateKey),
      vector(own.keys.hpkePrivateKey),
    ),
  };
}

function encodeKeyPackage(keyPackage: MlsKeyPackage): Bytes {
  return new Uint8Array(encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage }));
}

/** Call with bytes that `inspectKeyPackage` has accepted. */
export function decodeKeyPackage(bytes: Uint8Array): MlsKeyPackage {
  const decoded = decodeMlsMessage(bytes, 0)?.[0];
  if (decoded?.wireformat !== "mls_key_package")
    throw new MessagingError("invalid-key-package", "Not a key package");
  return decoded.keyPackage;
}

const SECRET_VERSION = 1;

/** Reads what `storable` wrote as `secret`. */
export function readSecret(secret: Uint8Array, device: DeviceKeys): OwnKeyPackage {
  const copy = new Uint8Array(secret);
  const reader = new Reader(copy);
  const version = reader.uint8();
  const bytes = reader.vector();
  const initPrivateKey = reader.vector();
  const hpkePrivateKey = reader.vector();
  if (!reader.done || version !== SECRET_VERSION)
    throw new MessagingError("unreadable-state", "The stored key package cannot be read");
  const keys = { initPrivateKey, hpkePrivateKey, signaturePrivateKey: device.privateKey };
  return { keyPackage: decodeKeyPackage(bytes), keys };
}
