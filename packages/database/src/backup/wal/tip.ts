import { BackupError } from "../errors.ts";
import { tipName } from "../layout.ts";
import { once, putSealed, readSealed, type Vault } from "../sealed/objects.ts";
import { formatLsn, type Lsn, parseLsn } from "./lsn.ts";

/**
 * What the server said of its log: at this time nothing had been written beyond this position. Where the chain reaches it, a
 * quiet server has lost nothing, however long ago its last segment was.
 */
export interface Tip {
  readonly timeline: number;
  readonly lsn: Lsn;
  /** Unix milliseconds. */
  readonly at: number;
}

const MAX_BYTES = 4_096;

export async function writeTip(vault: Vault, systemIdentifier: string, tip: Tip): Promise<void> {
  const { timeline, lsn, at } = tip;
  const text = JSON.stringify({ format: 1, timeline, lsn: formatLsn(lsn), at });
  await putSealed(vault, tipName(systemIdentifier), once(Buffer.from(text)));
}

/** Null when there is none. Throws `object-altered` for anything else under its name. */
export async function readTip(vault: Vault, systemIdentifier: string): Promise<Tip | null> {
  const name = tipName(systemIdentifier);
  try {
    const { format, timeline, lsn, at } = JSON.parse(String(await readSealed(vault, name, MAX_BYTES)));
    const position = parseLsn(String(lsn));
    if (format !== 1 || position === null || !Number.isFinite(at)) throw new SyntaxError("not a tip");
    return { timeline: Number(timeline), lsn: position, at };
  } catch (error) {
    if (error instanceof BackupError && error.code === "object-missing") return null;
    if (!(error instanceof SyntaxError)) throw error;
    throw new BackupError("object-altered", `${name} is not what was written`, { cause: error });
  }
}
