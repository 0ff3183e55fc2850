import type { BackupManifest } from "../manifest.ts";
import type { Vault } from "../sealed/objects.ts";
import type { Chain } from "../wal/chain.ts";
import { parseLsn } from "../wal/lsn.ts";
import { readWalAbout } from "../wal/object.ts";
import { FIRST_HEADER_BYTES } from "../wal/page.ts";
import { readTip, type Tip } from "../wal/tip.ts";

/**
 * Unix milliseconds: everything committed before then can be restored from this backup. Null when its own log is not whole,
 * since recovery must reach the end of the backup before it may stop.
 */
export async function recoverableTo(
  vault: Vault,
  manifest: Pick<BackupManifest, "systemIdentifier" | "stopLsn">,
  chain: Chain,
): Promise<number | null> {
  const last = chain.segments.at(-1);
  if (last === undefined || !reachesBackup(manifest, chain)) return null;
  const { writtenAt } = await readWalAbout(vault, manifest.systemIdentifier, last);
  const tip = await readTip(vault, manifest.systemIdentifier);
  return tip !== null && isCovered(tip, chain) ? Math.max(writtenAt, tip.at) : writtenAt;
}

export function reachesBackup({ stopLsn }: Pick<BackupManifest, "stopLsn">, { end }: Chain): boolean {
  return end >= (parseLsn(stopLsn) ?? 0n);
}

/** Nothing had been written beyond the chain: the header of the next segment's first page is not a record. */
function isCovered(tip: Tip, { timeline, end }: Chain): boolean {
  return tip.timeline === timeline && tip.lsn <= end + FIRST_HEADER_BYTES;
}
