import { BackupError } from "../errors.ts";

/** `no-backup` for one that is removed just now. */
const DAMAGE: ReadonlySet<string> = new Set(["object-altered", "wrong-key", "no-backup"]);

/**
 * One manifest that is damaged must not stand in the way of the others, from which the same can be restored, nor of the next
 * backup: it is left out, and `verify` names it. When none opens, the reason is thrown.
 */
export async function thoseThatOpen<Found, Manifest>(
  found: readonly Found[],
  read: (found: Found) => Promise<Manifest>,
): Promise<Manifest[]> {
  const all: Manifest[] = [];
  let reason: unknown;
  for (const one of found) {
    try {
      all.push(await read(one));
    } catch (error) {
      if (!(error instanceof BackupError && DAMAGE.has(error.code))) throw error;
      reason = error;
    }
  }
  if (all.length === 0 && reason !== undefined) throw reason;
  return all;
}
