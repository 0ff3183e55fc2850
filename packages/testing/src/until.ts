import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 10;

/** Resolves once `holds` does, which is asked again and again. Rejects after `patienceMs`: enough for a machine that is busy. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { patienceMs = 60_000 } = {},
): Promise<void> {
  const givenUpAt = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() >= givenUpAt) throw new Error("what was waited for did not happen");
    await sleep(PAUSE_MS);
  }
}
