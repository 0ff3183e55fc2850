/** Verification without a server: runs in a browser as in Node. */
export { type Disclosure, type OpenedLeaf, openLeaf } from "./entry/disclosure.ts";
export { type Checkpoint, parseCheckpoint } from "./note/checkpoint.ts";
export {
  formatVerifierKey,
  parseVerifierKey,
  type VerifierKey,
  type VerifyEd25519,
  verifierKey,
} from "./note/keys.ts";
export { parseNote } from "./note/note.ts";
export { formatProofFile, type ProofFile, parseProofFile } from "./proof/proof-file.ts";
export {
  type Distrust,
  type Judged,
  judgeCheckpoint,
  judgeProof,
  type Primitives,
  type ProvenEntry,
  type TrustedCheckpoint,
  type TrustPolicy,
} from "./proof/verify.ts";
export { verifyConsistency } from "./tree/consistency.ts";
export { type Sha256, treeHash } from "./tree/hash.ts";
export { verifyInclusion } from "./tree/inclusion.ts";
