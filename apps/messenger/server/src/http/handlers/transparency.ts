import { acquaintances } from "../../conversations/acquaintances.ts";
import { refuse } from "../../refusal.ts";
import type { Handlers } from "../call.ts";
import type { Services } from "./services.ts";

type TransparencyRoute = "auditHead" | "ownKeyLog" | "keyLog";

export function transparencyHandlers({ keyLog, database }: Services): Pick<Handlers, TransparencyRoute> {
  return {
    auditHead: ({ query }) => keyLog.head(query.seen),
    ownKeyLog: ({ caller, query }) => keyLog.of(caller.account.id, query),
    async keyLog({ caller, params: { userId }, query }) {
      const acquainted = await acquaintances(database, caller.account.id, [userId]);
      return acquainted.includes(userId) ? keyLog.of(userId, query) : refuse("unknown-user");
    },
  };
}
