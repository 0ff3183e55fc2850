/** Bundled by itself for the browser: what somebody needs to check a proof that was handed to them. */
import { judgeProof, parseVerifierKey } from "@rempart/audit/verify";
import { utf8 } from "@rempart/kernel";
import { primitives } from "../../src/core/transparency/primitives.ts";

/** The place of the entry in the log; the reason when the proof does not show that it stands there. */
export async function check(entry: readonly number[], proof: string, key: string): Promise<number | string> {
  const logKey = parseVerifierKey(primitives.sha256, key);
  if (logKey === null) return "not a key";
  const policy = { origin: logKey.name, logKeys: [logKey], witnessKeys: [], quorum: 0 };
  const judged = await judgeProof(primitives, Uint8Array.from(entry), utf8(proof), policy);
  return judged.ok ? judged.value.index : judged.reason;
}
