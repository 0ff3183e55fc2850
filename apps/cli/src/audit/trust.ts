import { nodePrimitives, signerKeys } from "@rempart/audit";
import { parseVerifierKey, type TrustPolicy, type VerifierKey } from "@rempart/audit/verify";
import type { Installation } from "@rempart/messenger-server/operator";
import { type Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { refuse } from "../refuse.ts";

export interface TrustOptions {
  readonly key?: VerifierKey[];
  readonly witness?: VerifierKey[];
  readonly quorum?: number;
}

/** Whose signatures to believe. */
export function withTrust(command: Command): Command {
  return command
    .option("--key <key...>", "the log's key, from where nobody who may have changed the log can write", keys)
    .option("--witness <key...>", "keys of witnesses", keys)
    .option("--quorum <count>", "how many witnesses must have signed; all unless told", wholeNumber(0));
}

export function keys(text: string, before: VerifierKey[] = []): VerifierKey[] {
  const key = parseVerifierKey(nodePrimitives.sha256, text);
  if (key === null) throw new InvalidArgumentError("Expected a key, as `rempart audit keys` prints it.");
  return [...before, key];
}

/** Null, and told, when there is no key to believe. */
export async function policyOf(
  { key, witness = [], quorum = witness.length }: TrustOptions,
  installation: Installation | null,
): Promise<TrustPolicy | null> {
  const logKeys = key ?? (installation === null ? [] : await ownKeys(installation));
  const [first] = logKeys;
  if (first === undefined) {
    refuse("No key to verify with: give --key.");
    return null;
  }
  return { origin: first.name, logKeys, witnessKeys: witness, quorum };
}

async function ownKeys({ database }: Installation): Promise<VerifierKey[]> {
  process.stderr.write(
    "The key comes from the database that is verified: whoever could change the log could change it too. Keep it elsewhere and give --key.\n",
  );
  return signerKeys(database);
}
