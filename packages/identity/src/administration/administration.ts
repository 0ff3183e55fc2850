import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import type { Permission } from "../roles/permissions.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Account, Role, Session } from "../types.ts";
import { demandPermission, holdTarget } from "./authority.ts";
import { type AccountToCreate, createAccount } from "./create-account.ts";
import { erase } from "./erase.ts";
import { exportUser, type UserExport } from "./export.ts";
import { type Ban, ban, changeRole, reactivate, type Suspension, suspend } from "./moderation.ts";
import { requireStepUp } from "./require-step-up.ts";
import { createResetLink, type ResetLink } from "./reset-link.ts";
import { searchUsers, type UserPage, type UserSearch } from "./search.ts";

/**
 * What is done to other people's accounts. Each act asks whether its actor may, in the transaction of the act. Codes of all:
 * `forbidden` (`details.reason`), `mfa-enrolment-required`, `step-up-required`, `unknown-user`.
 */
export interface Administration {
  /** For what an application lets administrators do beside these acts, and is done to nobody. Throws as they do. */
  demand(actor: Actor, permission: Permission): void;
  /** Codes: `validation-failed`, `weak-password`, `email-taken`, `unavailable`. */
  create(actor: Actor, account: AccountToCreate): Promise<Account>;
  /** Ends the account's sessions, tokens and API keys in every process within a second. Code: `last-administrator`. */
  suspend(actor: Actor, userId: Uuid, suspension: Suspension): Promise<void>;
  /** The same without end. Resolves with the addresses its event names. Code: `last-administrator`. */
  ban(actor: Actor, userId: Uuid, ban: Ban): Promise<readonly string[]>;
  reactivate(actor: Actor, userId: Uuid): Promise<void>;
  /** Removes the account and all that refers to it, for good. Code: `last-administrator`. */
  erase(actor: Actor, userId: Uuid): Promise<void>;
  /** Code: `last-administrator`. */
  changeRole(actor: Actor, userId: Uuid, role: Role): Promise<void>;
  /** The link of a forgotten password, to hand to its owner: once, for `links.resetPasswordMs`. */
  resetPassword(actor: Actor, userId: Uuid): Promise<ResetLink>;
  search(actor: Actor, search: UserSearch): Promise<UserPage>;
  /** What this package keeps about a person. One's own through a session needs no permission. */
  export(actor: Actor, userId: Uuid): Promise<UserExport>;
  sessions(actor: Actor, userId: Uuid): Promise<Session[]>;
  /** How many sessions ended. */
  endSessions(actor: Actor, userId: Uuid): Promise<number>;
  /** Sessions stay, and prove themselves again before anything that asks for a fresh proof. How many there are. */
  requireStepUp(actor: Actor, userId: Uuid): Promise<number>;
  /**
   * Minutes of the present stretches of use, on average over sessions used within the last `session.pauseMs`; null when there
   * are none. For `avgSessionDuration`.
   */
  averageSessionMinutes(): Promise<number | null>;
}

export function createAdministration(
  context: Context,
  sessions: Sessions,
  changing: <T>(act: () => Promise<T>) => Promise<T>,
): Administration {
  return {
    demand: (actor, permission) => demandPermission(context, actor, permission),
    create: (actor, account) => createAccount(context, actor, account),
    suspend: (actor, userId, suspension) => changing(() => suspend(context, actor, userId, suspension)),
    ban: (actor, userId, how) => changing(() => ban(context, actor, userId, how)),
    reactivate: (actor, userId) => changing(() => reactivate(context, actor, userId)),
    erase: (actor, userId) => changing(() => erase(context, actor, userId)),
    changeRole: (actor, userId, role) => changing(() => changeRole(context, actor, userId, role)),
    resetPassword: (actor, userId) => createResetLink(context, actor, userId),
    search: (actor, search) => searchUsers(context, actor, search),
    export: (actor, userId) => exportUser(context, actor, userId),
    async sessions(actor, userId) {
      demandPermission(context, actor, "users.read");
      return sessions.list(userId);
    },
    endSessions: (actor, userId) =>
      changing(() =>
        context.database.transaction(async (tx) => {
          await holdTarget(context, tx, actor, "users.end-sessions", userId);
          return sessions.endAllIn(tx, userId, "revoked", null, refOf(actor));
        }),
      ),
    requireStepUp: (actor, userId) => changing(() => requireStepUp(context, actor, userId)),
    averageSessionMinutes: () => averageSessionMinutes(context),
  };
}

async function averageSessionMinutes({ database, clock, config }: Context): Promise<number | null> {
  const [row] = await database.query<{ minutes: number | null }>(
    `SELECT (avg(extract(epoch FROM last_used_at - active_since)) / 60)::float8 AS minutes
     FROM sessions WHERE ended_at IS NULL AND last_used_at > $1`,
    [instant(clock.now() - config.session.pauseMs)],
  );
  return row?.minutes ?? null;
}
