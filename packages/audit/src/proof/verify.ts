/** Believing a log: which signatures a checkpoint must carry, and what a proof then shows. */
import { type Checkpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { type Signer, signersOf, type VerifierKey, type VerifyEd25519 } from "../note/keys.ts";
import { parseNote } from "../note/note.ts";
import { type Sha256, treeHash } from "../tree/hash.ts";
import { verifyInclusion } from "../tree/inclusion.ts";
import { parseProofFile } from "./proof-file.ts";

/** What this platform brings: `node:crypto`, or a browser's. */
export interface Primitives {
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
}

/** Whom to believe. Handed over out of band: never read from the log itself. */
export interface TrustPolicy {
  readonly origin: string;
  /** Keys of the log; more than one while it changes its key. One of them must have signed. */
  readonly logKeys: readonly VerifierKey[];
  readonly witnessKeys: readonly VerifierKey[];
  /** How many different witnesses must have signed. */
  readonly quorum: number;
}

export type Distrust =
  | "malformed"
  | "wrong-origin"
  | "bad-signature"
  | "not-signed-by-log"
  | "too-few-witnesses"
  | "not-included";

export interface TrustedCheckpoint extends Checkpoint {
  readonly signers: readonly Signer[];
}

export type Judged<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Distrust };

/** A signed checkpoint, believed or not. */
export async function judgeCheckpoint(
  { verifyEd25519 }: Primitives,
  bytes: Uint8Array,
  policy: TrustPolicy,
): Promise<Judged<TrustedCheckpoint>> {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (!checkpoint) return distrust("malformed");
  if (checkpoint.origin !== policy.origin) return distrust("wrong-origin");
  const signers = await signersOf(note, [...policy.logKeys, ...policy.witnessKeys], verifyEd25519);
  if (signers === null) return distrust("bad-signature");
  if (!signers.some(({ key }) => policy.logKeys.includes(key))) return distrust("not-signed-by-log");
  const witnesses = new Set(signers.map(({ key }) => key).filter((key) => policy.witnessKeys.includes(key)));
  if (witnesses.size < policy.quorum) return distrust("too-few-witnesses");
  return { ok: true, value: { ...checkpoint, signers } };
}

export interface ProvenEntry {
  readonly index: number;
  readonly checkpoint: TrustedCheckpoint;
}

/** Whether a proof file shows that `entry` stands in a log that the policy believes. Needs no network. */
export async function judgeProof(
  primitives: Primitives,
  entry: Uint8Array,
  proofFile: Uint8Array,
  policy: TrustPolicy,
): Promise<Judged<ProvenEntry>> {
  const file = parseProofFile(proofFile);
  if (file === null) return distrust("malformed");
  const judged = await judgeCheckpoint(primitives, file.checkpoint, policy);
  if (!judged.ok) return judged;
  const hash = treeHash(primitives.sha256);
  const { size, root } = judged.value;
  const { index, proof } = file;
  const included = verifyInclusion(hash, { index, size, leaf: hash.leaf(entry), proof, root });
  return included ? { ok: true, value: { index, checkpoint: judged.value } } : distrust("not-included");
}

function distrust(reason: Distrust): { ok: false; reason: Distrust } {
  return { ok: false, reason };
}
