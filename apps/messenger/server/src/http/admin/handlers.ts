import {
  type Identity,
  normaliseEmail,
  type Session,
  type Subject,
  type UserSummary,
} from "@rempart/identity";
import { linksOf } from "../../mail/links.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { AdminHandlers } from "./api.ts";
import { type MonitoringServices, monitoringHandlers } from "./monitoring-handlers.ts";
import type { SecurityMetrics } from "./routes.ts";

export interface AdminServices extends MonitoringServices {
  /** Where the web client is reached. */
  readonly address: { readonly origin: string };
  /** Whether what was erased up to now stands beside the backups; within a bounded time. */
  readonly erasuresRecorded: () => Promise<boolean>;
  /** Resolves with how things stand. */
  readonly securityMetrics: () => Promise<SecurityMetrics>;
}

/** Each act goes to identity with its actor, which decides whether they may. */
export function adminHandlers(services: AdminServices): AdminHandlers {
  const { administration } = services.identity;
  return {
    async searchUsers({ caller, query }) {
      return administration.search(caller, query);
    },
    async user({ caller, params }) {
      const user = await findUser(services.identity, caller, params.userId);
      return user === null ? refuse("unknown-user") : { user };
    },
    resetPassword: ({ caller, body }) => resetPassword(services, caller, body.email),
    async suspend({ caller, params, body }) {
      const { reason, until = null } = body;
      await administration.suspend(caller, params.userId, { reason, until });
      return null;
    },
    async ban({ caller, params, body: { reason, addresses = false } }) {
      return { addresses: await administration.ban(caller, params.userId, { reason, addresses }) };
    },
    async erase({ caller, params }) {
      await administration.erase(caller, params.userId);
      return { recorded: await services.erasuresRecorded() };
    },
    async reactivate({ caller, params }) {
      await administration.reactivate(caller, params.userId);
      return null;
    },
    async changeRole({ caller, params, body }) {
      await administration.changeRole(caller, params.userId, body.role);
      return null;
    },
    async sessions({ caller, params }) {
      return { sessions: (await administration.sessions(caller, params.userId)).map(toSession) };
    },
    async endSessions({ caller, params }) {
      return { ended: await administration.endSessions(caller, params.userId) };
    },
    async export({ caller, params }) {
      return administration.export(caller, params.userId);
    },
    async securityMetrics({ caller }) {
      administration.demand(caller, "metrics.read");
      return services.securityMetrics();
    },
    ...monitoringHandlers(services),
  };
}

async function resetPassword(
  { identity, address }: AdminServices,
  caller: Subject,
  email: string,
): Promise<{ link: string; expiresAt: number } | Refusal> {
  // What is no address would be looked for among the names.
  const normalised = normaliseEmail(email);
  const user = normalised === null ? null : await findUser(identity, caller, normalised);
  if (user === null) return refuse("unknown-user");
  const { token, expiresAt } = await identity.administration.resetPassword(caller, user.id);
  return { link: linksOf(address.origin).resetPassword(token), expiresAt };
}

/** By id or whole address. */
async function findUser(
  { administration }: Identity,
  caller: Subject,
  q: string,
): Promise<UserSummary | null> {
  const { users } = await administration.search(caller, { q, limit: 1 });
  return users[0] ?? null;
}

function toSession({ id, createdAt, lastUsedAt, expiresAt, userAgent, address, amr }: Session) {
  return { id, createdAt, lastUsedAt, expiresAt, userAgent, address, amr };
}
