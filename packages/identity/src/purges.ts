import type { Purge } from "@rempart/database/maintenance";
import { type IdentityConfigInput, resolveConfig } from "./config.ts";

/** Rows of one transaction, so that a backlog never makes a long one. */
const BATCH = 5_000;
/** What is good for nothing once its time is up. */
const EXPIRING = [
  "socket_tickets",
  "one_time_links",
  "pending_sign_ups",
  "sign_in_challenges",
  "passkey_challenges",
];

const before = (milliseconds: number): string =>
  `$1::timestamptz - make_interval(secs => ${milliseconds / 1_000})`;

/** What `maintain` removes by itself in every process. */
export function spentRows(input: IdentityConfigInput = {}): readonly Purge[] {
  const config = resolveConfig(input);
  const purge = (table: string, where: string, reason: string, name = table): Purge => ({
    name: name.replaceAll("_", "-"),
    table,
    where,
    batch: BATCH,
    reason,
  });
  return [
    ...EXPIRING.map((table) => purge(table, "expires_at <= $1", "good for nothing once their time is up")),
    purge("sign_in_attempts", `last_attempt_at <= ${before(config.attempts.forgetMs)}`, "forgotten by then"),
    purge(
      "totp_factors",
      `confirmed_at IS NULL AND created_at <= ${before(config.factors.enrolmentMs)}`,
      "never confirmed",
      "unconfirmed-factors",
    ),
    // Delivery drops what is too late and says so; these are of an installation that sends no mail any more.
    purge("mail_outbox", "expires_at <= $1::timestamptz - interval '1 day'", "nobody sends them any more"),
    purge(
      "sessions",
      `ended_at <= ${before(config.session.keepEndedMs)}`,
      "ended long ago",
      "ended-sessions",
    ),
    // Longer than the feed tolerates being cut off.
    purge(
      "identity_changes",
      "created_at < $1::timestamptz - interval '1 day'",
      "every process has heard of them",
    ),
  ];
}

/** How long a deleted account can be brought back. */
const KEEP_DELETED = "90 days";

/** Everything of identity that goes in time: spent rows, and accounts deleted 90 days ago with all that refers to them. */
export function identityPurges(input: IdentityConfigInput = {}): readonly Purge[] {
  return [
    ...spentRows(input),
    {
      name: "deleted-users",
      table: "users",
      where: `status = 'DELETED' AND deleted_at < $1::timestamptz - interval '${KEEP_DELETED}'`,
      // Each takes rows of many tables with it.
      batch: 100,
      reason: `deleted more than ${KEEP_DELETED} ago`,
    },
  ];
}
