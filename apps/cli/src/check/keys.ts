import { openKeyProvider } from "@rempart/messenger-server/operator";
import { rehearseFailover } from "./failover.ts";
import { type CheckItem, type CheckPlace, type Finding, percent, sumOf, WEEK_MS } from "./item.ts";

const TARGET = 0.01;
/** Not a key service, though it is counted beside it. */
const LOCAL = "local";

interface Failovers {
  readonly count: number;
  readonly last: Date | null;
}

export const failovers: CheckItem = {
  id: "kms-failovers",
  title: "Keys made or opened without the key service",
  target: "none; up to 1 % of its calls",
  source: "audit log, 7 days; kms_operations_total of the running server",
  advice:
    "Read why (`rempart audit query --type key.failover`), then bring what was sealed meanwhile under the service again: `rempart keys rewrap`.",
  async look(place) {
    const { count, last } = await recorded(place);
    if (count === 0)
      return {
        verdict: "pass",
        figure: place.config.keys.kms === null ? "no key service is configured" : "none",
      };
    const share = await shareNow(place).catch(() => null);
    const figure = `${count} entries, the last ${last?.toISOString() ?? "-"}`;
    if (share === null) return { verdict: "warn", figure };
    return {
      verdict: share > TARGET ? "fail" : "warn",
      figure: `${figure}; ${percent(share)} of the calls since the server started`,
    };
  },
};

async function recorded({ database, now }: CheckPlace): Promise<Failovers> {
  const [row] = await (await database()).query<Failovers>(
    `SELECT count(*) AS count, max(created_at) AS last FROM audit_entries
      WHERE event_type = 'key.failover' AND created_at >= $1`,
    [new Date(now - WEEK_MS)],
  );
  return row ?? { count: 0, last: null };
}

async function shareNow({ samples }: CheckPlace): Promise<number | null> {
  const counted = await samples();
  const own = sumOf(counted, "kms_operations_total", { provider: LOCAL }) ?? 0;
  const calls = (sumOf(counted, "kms_operations_total") ?? 0) - own;
  const bridged = sumOf(counted, "kms_failover_total") ?? 0;
  return calls === 0 ? null : bridged / calls;
}

export const failoverRehearsal: CheckItem = {
  id: "kms-fallback",
  title: "The local key stands in for the key service",
  target: "sealed and opened while it is cut off; refused when it denies",
  source: "rehearsed now with random bytes under a local key made for it and thrown away",
  advice:
    "Until this holds, an outage of the key service stops everything that seals: do not wait for one. `rempart doctor` and the log say more.",
  async look({ config }): Promise<Finding> {
    const primary = config.keys.kms === null ? null : openKeyProvider(config.keys.kms);
    try {
      const steps = await rehearseFailover(primary);
      const broken = steps.filter(({ holds }) => !holds);
      const where =
        primary === null
          ? "with a stand-in for the key service, since none is configured"
          : "with the configured key service";
      return {
        verdict: broken.length === 0 ? "pass" : "fail",
        figure: `${steps.length - broken.length} of ${steps.length} steps hold, ${where}`,
        details: broken.map(({ name }) => `does not hold: ${name}`),
      };
    } finally {
      primary?.[Symbol.dispose]?.();
      await primary?.[Symbol.asyncDispose]?.();
    }
  },
};
