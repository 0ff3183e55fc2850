import type { Clock } from "@rempart/kernel";
import type { Progress, RunOptions } from "./ports.ts";

/** Reckons the time left from the rate so far. */
export function progressOf(
  phase: Progress["phase"],
  totalBytes: number,
  clock: Clock,
  onProgress: RunOptions["onProgress"] = () => {},
): (doneBytes: number) => void {
  const startedAt = clock.monotonic();
  return (doneBytes) => {
    const total = Math.max(totalBytes, doneBytes);
    const perByte = doneBytes === 0 ? null : (clock.monotonic() - startedAt) / doneBytes;
    const remainingMs = perByte === null ? null : Math.round(perByte * (total - doneBytes));
    onProgress({ phase, doneBytes, totalBytes: total, remainingMs });
  };
}
