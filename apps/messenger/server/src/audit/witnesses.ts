import { nodePrimitives, type WitnessAddress } from "@rempart/audit";
import { parseVerifierKey } from "@rempart/audit/verify";

/** `URL KEY`; null for anything else, and for a key that is no witness's. */
export function parseWitness(text: string): WitnessAddress | null {
  const [address, encoded, ...more] = text.split(/\s+/);
  const url = address === undefined ? null : URL.parse(address);
  const key = encoded === undefined ? null : parseVerifierKey(nodePrimitives.sha256, encoded);
  if (url === null || !/^https?:$/.test(url.protocol) || key?.kind !== "witness" || more.length > 0)
    return null;
  return { url: url.href.replace(/\/+$/, ""), key };
}
