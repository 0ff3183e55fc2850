import type { Clock } from "@rempart/kernel";
import type { BackupObserver, BackupSummary } from "./ports.ts";

/** Tells how a backup ended, and how long it took. */
export async function observed(
  clock: Clock,
  observe: BackupObserver,
  take: () => Promise<BackupSummary>,
): Promise<BackupSummary> {
  const startedAt = clock.monotonic();
  try {
    const backup = await take();
    observe({ type: "backup-finished", backup, durationMs: clock.monotonic() - startedAt });
    return backup;
  } catch (error) {
    observe({ type: "backup-failed", error, durationMs: clock.monotonic() - startedAt });
    throw error;
  }
}
