import { type CheckItem, type CheckPlace, type Finding, percent, WEEK_MS } from "./item.ts";

/** Below so many attempts one mistyped password decides: that is told, and nobody is called for it. */
const TELLING_ATTEMPTS = 200;
const TARGET = 0.995;

export const signingIn: CheckItem = {
  id: "auth-success",
  title: "Sign-ins that succeed",
  target: "over 99.5 %",
  source: "audit log, 7 days",
  advice:
    "Look at who fails and why (`rempart audit query --type auth.login.failed`): an attack, a broken client, or people who mistype.",
  async look(place) {
    const { succeeded, failed } = await attempts(place);
    const total = succeeded + failed;
    if (total === 0) return { verdict: "unknown", figure: "nobody tried to sign in" };
    const share = succeeded / total;
    const figure = `${percent(share)} of ${total}`;
    if (share > TARGET) return { verdict: "pass", figure };
    return { verdict: total < TELLING_ATTEMPTS ? "warn" : "fail", figure };
  },
};

async function attempts({ database, now }: CheckPlace): Promise<{ succeeded: number; failed: number }> {
  const [row] = await (await database()).query<{ succeeded: number; failed: number }>(
    `SELECT count(*) FILTER (WHERE event_type = 'auth.login.succeeded') AS succeeded,
            count(*) FILTER (WHERE event_type = 'auth.login.failed') AS failed
       FROM audit_entries
      WHERE event_type IN ('auth.login.succeeded', 'auth.login.failed') AND created_at >= $1`,
    [new Date(now - WEEK_MS)],
  );
  return row ?? { succeeded: 0, failed: 0 };
}

const LONG_MINUTES = 480;
const SHOWN = 10;

interface LongSession {
  readonly id: string;
  readonly user_id: string;
  readonly minutes: number;
}

export const longSessions: CheckItem = {
  id: "long-sessions",
  title: "Sessions in use without a pause for unusually long",
  target: `none over ${LONG_MINUTES} minutes`,
  source: "sessions in the database",
  advice:
    "Ask the person whether it is theirs, or end it (`rempart users sessions`). What never pauses is often a script with a copied cookie.",
  async look({ database }) {
    const rows = await (await database()).query<LongSession>(
      `SELECT id, user_id, (extract(epoch FROM last_used_at - active_since) / 60)::float8 AS minutes
         FROM sessions
        WHERE ended_at IS NULL AND last_used_at - active_since > make_interval(mins => $1)
        ORDER BY minutes DESC LIMIT 1000`,
      [LONG_MINUTES],
    );
    if (rows.length === 0) return { verdict: "pass", figure: "none" };
    const details = rows
      .slice(0, SHOWN)
      .map(({ id, user_id, minutes }) => `session ${id} of ${user_id}: ${Math.round(minutes)} minutes`);
    return { verdict: "warn", figure: `${rows.length}`, details };
  },
};

const MEAN_BYTES = 1_024;
const MOST_BYTES = 4_096;

export const tokenSize: CheckItem = {
  id: "jwt-size",
  title: "Mean size of access tokens",
  target: `up to ${MEAN_BYTES} bytes; from ${MOST_BYTES} on proxies refuse them`,
  source: "jwt_size_bytes of the running server, since it started",
  advice:
    "See what the tokens carry: roles and permissions belong in the database, where they can be taken back.",
  async look({ samples }): Promise<Finding> {
    const counted = await samples();
    const sum = counted.find(({ name }) => name === "jwt_size_bytes_sum")?.value ?? 0;
    const count = counted.find(({ name }) => name === "jwt_size_bytes_count")?.value ?? 0;
    if (count === 0) return { verdict: "unknown", figure: "no token was made" };
    const mean = Math.round(sum / count);
    const verdict = mean <= MEAN_BYTES ? "pass" : mean < MOST_BYTES ? "warn" : "fail";
    return { verdict, figure: `${mean} bytes over ${count} tokens` };
  },
};
