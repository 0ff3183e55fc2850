import type { Responder } from "@rempart/audit";
import type { Identity, Operator } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";
import type { NetworkBans } from "../bans/network-bans.ts";
import { isOurs } from "../bans/our-networks.ts";

export interface ResponderPorts {
  readonly bans: Pick<NetworkBans, "ban" | "lift">;
  readonly administration: Pick<Identity["administration"], "endSessions" | "requireStepUp">;
  readonly clock: Clock;
}

const DETECTION: Operator = { kind: "operator", name: "detection" };
const BAN_MS = 30 * 60_000;

/** What detection does by itself. Bans end; a session that was ended is opened again by signing in. */
export function createResponder({ bans, administration, clock }: ResponderPorts): Responder {
  return {
    async respond(response, { kind, value }, { rule }) {
      if ((response === "ban-address") !== (kind === "address"))
        throw new RangeError(`${response} is nothing that is done to one ${kind}`);
      switch (response) {
        case "ban-address":
          if (isOurs(value)) throw new RangeError("an address of our own networks is not banned");
          return bans.ban(value, { reason: `detection: ${rule}`, until: clock.now() + BAN_MS });
        case "end-sessions":
          await administration.endSessions(DETECTION, value);
          return;
        case "require-step-up":
          await administration.requireStepUp(DETECTION, value);
      }
    },
    async undo(response, { value }) {
      if (response === "ban-address") await bans.lift(value);
    },
  };
}
