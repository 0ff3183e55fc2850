import { type Clock, type Random, systemClock, systemRandom } from "@rempart/kernel";
import { whileLocked } from "../builtin/lock.ts";
import { turnFolder } from "../layout.ts";
import type { Repository } from "../ports.ts";

export interface SharedSchedule {
  /** Of several processes that keep this schedule in the same repository one does the work. Left out: there is one process. */
  readonly shared?: Repository;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Whoever comes first does it. To the others it is `busy`, and done when they look again. `work` looks whether it still is to do. */
export async function inTurn(
  { shared, clock = systemClock, random = systemRandom }: SharedSchedule,
  duty: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (shared === undefined) return work(signal);
  await whileLocked({ repository: shared, clock, random, folder: turnFolder(duty) }, (lost) =>
    work(AbortSignal.any([signal, lost])),
  );
}
