import { isIP } from "node:net";
import type { Observe } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";
import { writeBan } from "./network-bans.ts";
import { isOurs } from "./our-networks.ts";

/**
 * The addresses that the ban of an account names are banned in its transaction, whoever banned it: the console, the command
 * line, an API key. Lifting them is an act of its own, since others may use them meanwhile.
 */
export function accountBans({ clock }: { readonly clock: Clock }): Observe {
  return async (event, tx) => {
    if (event.type !== "account.banned") return;
    const named = event.addresses.filter((address) => isIP(address) !== 0 && !isOurs(address));
    for (const address of named)
      await writeBan(tx, address, { reason: `account ${event.userId}`, until: null, at: clock.now() });
  };
}
