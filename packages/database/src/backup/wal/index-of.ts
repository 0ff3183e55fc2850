import { BackupError } from "../errors.ts";
import { walFolder } from "../layout.ts";
import type { BackupManifest } from "../manifest.ts";
import type { Vault } from "../sealed/objects.ts";
import { type Chain, followChain } from "./chain.ts";
import { type Branch, parseHistory } from "./history.ts";
import { parseLsn } from "./lsn.ts";
import { walFileKind } from "./names.ts";
import { readWalFile } from "./object.ts";

/** What of one cluster's log is in the repository, by its names. */
export interface WalIndex {
  readonly segments: ReadonlySet<string>;
  /** Name and stored bytes of everything. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly histories: ReadonlyMap<number, readonly Branch[]>;
}

export async function readWalIndex(vault: Vault, systemIdentifier: string): Promise<WalIndex> {
  const folder = walFolder(systemIdentifier);
  const sizes = new Map<string, number>();
  for await (const { name, size } of vault.repository.list(folder))
    sizes.set(name.slice(folder.length), size);
  const names = [...sizes.keys()];
  const histories = new Map<number, readonly Branch[]>();
  for (const name of names.filter((one) => walFileKind(one) === "history"))
    histories.set(Number.parseInt(name, 16), await readHistory(vault, systemIdentifier, name));
  return { segments: new Set(names.filter((one) => walFileKind(one) === "segment")), sizes, histories };
}

async function readHistory(vault: Vault, systemIdentifier: string, name: string): Promise<readonly Branch[]> {
  const { content } = await readWalFile(vault, systemIdentifier, name);
  const branches = parseHistory(content.toString());
  if (branches !== null) return branches;
  throw new BackupError("object-altered", `${name} is no history of a timeline`);
}

/** What recovery from this backup to `latest` reads. */
export function chainOf(
  manifest: Pick<BackupManifest, "timeline" | "startLsn" | "segmentBytes">,
  { segments, histories }: WalIndex,
): Chain {
  const { timeline, startLsn, segmentBytes } = manifest;
  return followChain({
    start: { timeline, lsn: parseLsn(startLsn) ?? 0n },
    available: segments,
    histories,
    segmentBytes,
  });
}
