import type { Account } from "@rempart/messaging/contract";
import { isTransient } from "../errors.ts";
import { backoff } from "../net/backoff.ts";
import type { Rest } from "../net/rest.ts";
import type { CorePorts } from "../ports.ts";
import { keys } from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** Replaces the session's token now and then, so that a copy of it is soon worth nothing. Only the tab that owns the account does. */
export interface TokenRefresh {
  start(): Promise<void>;
  /** Without waiting for its day: the role changed. */
  now(): Promise<void>;
  stop(): void;
}

export interface TokenRefreshParts {
  readonly ports: Pick<CorePorts, "timers" | "clock" | "random">;
  readonly rest: Rest;
  readonly vault: Vault;
  refreshed(account: Account): void;
  failed(error: unknown): void;
}

const REFRESH_EVERY_MS = 24 * 60 * 60 * 1000;
/** A machine that slept wakes its timers late: the clock is looked at this often. */
const LOOK_EVERY_MS = 60 * 60 * 1000;

export function createTokenRefresh(parts: TokenRefreshParts): TokenRefresh {
  const { ports, rest, vault, failed } = parts;
  let refreshedAt = ports.clock.now();
  let attempt = 0;
  let cancel = (): void => undefined;
  let stopped = false;

  const next = (milliseconds: number, work: () => Promise<void>): void => {
    cancel();
    if (!stopped) cancel = ports.timers.after(milliseconds, () => void work().catch(failed));
  };

  const look = async (): Promise<void> => {
    if (ports.clock.now() - refreshedAt < REFRESH_EVERY_MS) next(LOOK_EVERY_MS, look);
    else await refresh();
  };

  const remember = async (): Promise<void> => {
    refreshedAt = ports.clock.now();
    await vault.commit(new Batch().put("meta", keys.refreshed, { refreshedAt }));
  };

  /** An answer that was lost is asked for again at once: the replaced token is good for a refresh for half a minute only. */
  const refresh = async (): Promise<void> => {
    try {
      const { account } = await rest.call("refresh", {});
      attempt = 0;
      await remember();
      parts.refreshed(account);
      next(LOOK_EVERY_MS, look);
    } catch (error) {
      if (!isTransient(error)) throw error;
      next(backoff(attempt, ports.random), refresh);
      attempt += 1;
    }
  };

  return {
    async start() {
      const stored = await vault.get("meta", keys.refreshed).catch(() => undefined);
      if (stored !== undefined && "refreshedAt" in stored) refreshedAt = stored.refreshedAt;
      else await remember();
      await look();
    },
    now: refresh,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
