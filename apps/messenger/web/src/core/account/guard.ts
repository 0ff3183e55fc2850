import { CoreError, failsWith } from "../errors.ts";
import type { Rest } from "../net/rest.ts";
import type { Vault } from "../storage/vault.ts";

/** Why the account cannot go on in this tab. */
export type AccountEnd = "expired" | "device-removed" | "suspended" | "storage-full" | "fenced";

/** Watches everything that can end an account here, and ends it once. */
export interface Guard {
  readonly closed: boolean;
  end(reason: AccountEnd): void;
  /** Nothing is written or reported from now on. */
  close(): void;
  /** Ends the account when the error says so. True when it did. */
  ends(error: unknown): boolean;
  rest(plain: Rest): Rest;
  vault(plain: Vault): Vault;
}

export function createGuard(ended: (reason: AccountEnd) => void): Guard {
  let closed = false;

  const end = (reason: AccountEnd): void => {
    if (closed) return;
    closed = true;
    ended(reason);
  };
  const ends = (error: unknown): boolean => {
    const reason = endOf(error);
    if (reason !== null) end(reason);
    return reason !== null;
  };
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      ends(error);
      throw error;
    }
  };

  return {
    get closed() {
      return closed;
    },
    end,
    ends,
    close() {
      closed = true;
    },
    rest: (plain) => ({ call: (route, input) => watched(() => plain.call(route, input)) }),
    vault: (plain) => ({
      ...plain,
      async commit(batch) {
        if (closed) throw new CoreError("closed", "The account was closed");
        await watched(() => plain.commit(batch));
      },
    }),
  };
}

function endOf(error: unknown): AccountEnd | null {
  if (failsWith(error, "unauthenticated", "session-ended")) return "expired";
  if (failsWith(error, "account-suspended", "account-banned")) return "suspended";
  if (failsWith(error, "device-revoked")) return "device-removed";
  if (failsWith(error, "storage-full")) return "storage-full";
  if (failsWith(error, "fenced")) return "fenced";
  return null;
}
