/** Who signed a note: Ed25519 keys of logs and of witnesses (C2SP signed-note, tlog-cosignature). */
import { concat, utf8 } from "@rempart/kernel";
import type { Sha256 } from "../tree/hash.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { checkKeyName, type NoteSignature, type SignedNote, signedBytes } from "./note.ts";

/** `log` signs the text; `witness` signs it together with the time at which it saw it. */
export type KeyKind = "log" | "witness";

const TYPE_BYTE: Readonly<Record<KeyKind, number>> = { log: 0x01, witness: 0x04 };
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const TIMESTAMP_BYTES = 8;

export interface VerifierKey {
  readonly name: string;
  readonly kind: KeyKind;
  readonly keyId: number;
  /** Ed25519, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

/** Ed25519 verification; a promise where the platform has only that. False for anything malformed. */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

export type SignEd25519 = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export function verifierKey(
  sha256: Sha256,
  key: { name: string; kind: KeyKind; publicKey: Uint8Array },
): VerifierKey {
  checkKeyName(key.name);
  if (key.publicKey.length !== PUBLIC_KEY_BYTES) throw new TypeError("an Ed25519 key has 32 bytes");
  const typed = concat(new Uint8Array([TYPE_BYTE[key.kind]]), key.publicKey);
  const digest = sha256(concat(utf8(`${key.name}\n`), typed));
  return { ...key, keyId: new DataView(digest.buffer, digest.byteOffset).getUint32(0) };
}

/** `name+keyid+base64(type, key)`: how a key is handed to whoever verifies. */
export function formatVerifierKey({ name, kind, keyId, publicKey }: VerifierKey): string {
  const typed = concat(new Uint8Array([TYPE_BYTE[kind]]), publicKey);
  return `${name}+${keyId.toString(16).padStart(8, "0")}+${toBase64(typed)}`;
}

/** Null for a text that is not a key, or whose id is not its own. */
export function parseVerifierKey(sha256: Sha256, text: string): VerifierKey | null {
  const [, name, id, encoded] = /^([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,100})$/u.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) return null;
  const typed = fromBase64(encoded);
  if (typed?.length !== 1 + PUBLIC_KEY_BYTES) return null;
  const kind = (["log", "witness"] as const).find((candidate) => TYPE_BYTE[candidate] === typed[0]);
  if (kind === undefined) return null;
  const key = verifierKey(sha256, { name, kind, publicKey: typed.slice(1) });
  return formatVerifierKey(key) === text ? key : null;
}

/** A log's signature of a note's text. */
export async function signNote(text: string, key: VerifierKey, sign: SignEd25519): Promise<NoteSignature> {
  return { name: key.name, keyId: key.keyId, signature: await sign(signedBytes({ text })) };
}

/** A witness's signature: of the text, and of the time (Unix seconds) at which it saw no longer one. */
export async function cosignNote(
  text: string,
  seconds: number,
  key: VerifierKey,
  sign: SignEd25519,
): Promise<NoteSignature> {
  const stamp = new Uint8Array(TIMESTAMP_BYTES);
  new DataView(stamp.buffer).setBigUint64(0, BigInt(seconds));
  const signature = await sign(cosignedBytes(text, BigInt(seconds)));
  return { name: key.name, keyId: key.keyId, signature: concat(stamp, signature) };
}

function cosignedBytes(text: string, seconds: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
}

/** A key that signed, and when it says it did (Unix seconds; null for a log, which says nothing of it). */
export interface Signer {
  readonly key: VerifierKey;
  readonly seconds: number | null;
}

/**
 * The known keys that signed this note. Signatures of unknown keys are passed over; one of a known key that does not hold
 * makes the whole note worthless: null.
 */
export async function signersOf(
  note: SignedNote,
  keys: readonly VerifierKey[],
  verify: VerifyEd25519,
): Promise<Signer[] | null> {
  const signers: Signer[] = [];
  for (const signature of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key === undefined) continue;
    const signer = await checkSignature(note, signature, key, verify);
    if (signer === null) return null;
    signers.push(signer);
  }
  return signers;
}

async function checkSignature(
  note: SignedNote,
  { signature }: NoteSignature,
  key: VerifierKey,
  verify: VerifyEd25519,
): Promise<Signer | null> {
  if (key.kind === "log") {
    const holds =
      signature.length === SIGNATURE_BYTES && (await verify(key.publicKey, signedBytes(note), signature));
    return holds ? { key, seconds: null } : null;
  }
  if (signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) return null;
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const message = cosignedBytes(note.text, seconds);
  const holds = await verify(key.publicKey, message, signature.subarray(TIMESTAMP_BYTES));
  return holds ? { key, seconds: Number(seconds) } : null;
}
