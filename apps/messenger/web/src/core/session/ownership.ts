import type { Channel, CorePorts } from "../ports.ts";

/** One tab of a browser owns an account's encrypted state; this is its hold on it. */
export interface Ownership {
  /** Gives the state up; `invite` tells the waiting tabs that it is free. */
  release(options: { invite: boolean }): void;
}

export type OwnershipPorts = Pick<CorePorts, "locks" | "openChannel" | "timers">;

const YIELD = "yield";
const FREE = "free";
const POLITE_ATTEMPTS = 20;
const POLITE_INTERVAL_MS = 50;

/**
 * Null when another tab owns the account. `lost` is called at most once, when another tab takes it over; nothing may be
 * written from then on, and the storage's fence sees to it.
 */
export async function claimOwnership(
  ports: OwnershipPorts,
  accountId: string,
  options: { lost: () => void },
): Promise<Ownership | null> {
  return hold(ports, accountId, { steal: false, ...options });
}

/** Asks the owner to let go, and takes the lock away when it does not answer within a second. */
export async function takeOverOwnership(
  ports: OwnershipPorts,
  accountId: string,
  options: { lost: () => void },
): Promise<Ownership | null> {
  const channel = ports.openChannel(name(accountId), () => undefined);
  channel.post(YIELD);
  for (let attempt = 0; attempt < POLITE_ATTEMPTS; attempt += 1) {
    await new Promise<void>((resolve) => ports.timers.after(POLITE_INTERVAL_MS, resolve));
    const owned = await hold(ports, accountId, { steal: false, ...options });
    if (owned === null) continue;
    channel.close();
    return owned;
  }
  channel.close();
  return hold(ports, accountId, { steal: true, ...options });
}

/** Calls `freed` when the owner gives the account up by itself. Returns the way to stop listening. */
export function awaitFreedom(ports: OwnershipPorts, accountId: string, freed: () => void): () => void {
  const channel = ports.openChannel(name(accountId), (message) => {
    if (message === FREE) freed();
  });
  return () => channel.close();
}

function name(accountId: string): string {
  return `rempart-owner-${accountId}`;
}

async function hold(
  ports: OwnershipPorts,
  accountId: string,
  { steal, lost }: { steal: boolean; lost: () => void },
): Promise<Ownership | null> {
  let channel: Channel | null = null;
  let over = false;
  const end = (): boolean => {
    if (over) return false;
    over = true;
    channel?.close();
    return true;
  };
  const lock = await ports.locks.take(name(accountId), { steal, lost: () => end() && lost() });
  if (lock === null || over) return null;
  channel = ports.openChannel(name(accountId), (message) => {
    if (message !== YIELD || !end()) return;
    lost();
    lock.release();
  });
  const open = channel;
  return {
    release({ invite }) {
      if (over) return;
      lock.release();
      if (invite) open.post(FREE);
      end();
    },
  };
}
