import {
  type CiphersuiteImpl,
  type CiphersuiteName,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
} from "ts-mls";
import type { Suite } from "../../contract/index.ts";

const NAMES = {
  "x-wing": "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
  x25519: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
} as const satisfies Record<Suite, CiphersuiteName>;

export function suiteName(suite: Suite): CiphersuiteName {
  return NAMES[suite];
}

export function suiteOfName(name: CiphersuiteName): Suite | null {
  if (name === NAMES["x-wing"]) return "x-wing";
  return name === NAMES.x25519 ? "x25519" : null;
}

const implementations = new Map<Suite, Promise<CiphersuiteImpl>>();

/** Loaded on first use: the post-quantum code is large, and a group of suite 1 does without it. */
export function loadSuite(suite: Suite): Promise<CiphersuiteImpl> {
  const known = implementations.get(suite);
  if (known !== undefined) return known;
  const loading = getCiphersuiteImpl(getCiphersuiteFromName(NAMES[suite]));
  implementations.set(suite, loading);
  loading.catch(() => implementations.delete(suite));
  return loading;
}
