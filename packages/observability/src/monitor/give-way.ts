import { getPriority, setPriority } from "node:os";

/** Where both want the same processor, the application has nine tenths of it. */
const STEPS_DOWN = 10;
const LOWEST = 19;

/**
 * Lets other threads of the process run first. On Linux a priority is the calling thread's own (setpriority(2), "C library/kernel
 * differences"); elsewhere it would be the whole process's, and stays as it is.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, Math.min(LOWEST, getPriority(0) + STEPS_DOWN));
  } catch {
    // A sandbox may forbid it: nothing but the time of others depends on it.
  }
}
