import { nodePrimitives, signerKeys } from "@rempart/audit";
import { parseVerifierKey, type TrustPolicy, type VerifierKey } from "@rempart/audit/verify";
import type { Installation } from "@rempart/messenger-server/operator";
import { type Command, InvalidArgumentError } from "commander";

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
    .option("--quorum <count>", "how many witnesses must have signed; all unless told", count);
}

export function keys(text: string, before: VerifierKey[] = []): VerifierKey[] {
  const key = parseVerifierKey(nodePrimitives.sha256, text);
  if (key === null) throw new InvalidArgumentError("Not a key: see `rempart audit keys`.");
  return [...before, key];
}

function count(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError("Not a number.");
  return Number(text);
}

/** Null, and told, when there is no key to believe. */
export async function policyOf(
  { key, witness = [], quorum = witness.length }: TrustOptions,
  installation: Installation | null,
): Promise<TrustPolicy | null> {
  const logKeys = key ?? (installation === null ? [] : await ownKeys(installation));
  const [first] = logKeys;
  if (first === undefined) {
    process.stderr.write("No key to verify with: give --key.\n");
    process.exitCode = 1;
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
