import { LogReader, nodePrimitives, type ObjectStore } from "@rempart/audit";
import { treeHash } from "@rempart/audit/verify";
import type { Database } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import { Counter, Gauge, type Registry } from "prom-client";

export interface AuditMetrics {
  finding(rule: string, response: string | null): void;
  dropped(count: number): void;
}

interface AuditMetricPorts {
  readonly registry: Registry;
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** How the audit log stands. What the database knows is asked when the metrics are read. */
export function createAuditMetrics(ports: AuditMetricPorts): AuditMetrics {
  const registers = [ports.registry];
  const findings = new Counter({
    name: "audit_findings_total",
    help: "What detection found in the audit log, and what it did about it.",
    labelNames: ["rule", "response"],
    registers,
  });
  const dropped = new Counter({
    name: "audit_events_dropped_total",
    help: "Events of the edge that came faster than they could be written, and are lost.",
    registers,
  });
  logGauges(ports);
  return {
    finding: (rule, response) => findings.inc({ rule, response: response ?? "none" }),
    dropped: (count) => dropped.inc(count),
  };
}

interface LogState {
  placed: number;
  published: number;
  head_at: Date | null;
  /** Of entries committed within a minute, which is what a sequencer that works can be behind. */
  waiting: number;
  sinks: { name: string; next_index: number }[];
}

const STATE = `
  SELECT (SELECT size FROM audit_sequence) AS placed,
         coalesce((SELECT max(size) FROM audit_checkpoints), 0) AS published,
         (SELECT created_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1) AS head_at,
         (SELECT count(*) FROM audit_entries e WHERE e.created_at > now() - interval '1 minute'
            AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry_id = e.id)) AS waiting,
         coalesce((SELECT jsonb_agg(jsonb_build_object('name', name, 'next_index', next_index)) FROM audit_sinks),
           '[]') AS sinks`;

/** The gauges of one scrape share one look. */
const FRESH_MS = 500;

function logGauges({ registry, database, objects, clock }: AuditMetricPorts): void {
  const reader = new LogReader(objects, treeHash(nodePrimitives.sha256));
  const look = shared(clock, async () => (await database.query<LogState>(STATE))[0]);
  const gauge = (name: string, help: string, value: (state: LogState) => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const state = await look();
        if (state !== undefined) this.set(await value(state));
      },
    });
  };
  gauge("audit_entries", "Entries that have their place in the log.", ({ placed }) => placed);
  gauge(
    "audit_unpublished_entries",
    "Entries that are recorded and not in the published tree yet.",
    ({ placed, published, waiting }) => placed - published + waiting,
  );
  gauge(
    "audit_head_size_entries",
    "Entries of the published head, as the files show it.",
    async () => (await reader.head())?.size ?? 0,
  );
  gauge(
    "audit_head_age_seconds",
    "Since the newest head was signed. It grows while nothing happens too.",
    ({ head_at }) => (head_at === null ? 0 : (clock.now() - head_at.getTime()) / 1000),
  );
  new Gauge({
    name: "audit_sink_lag_entries",
    help: "Entries that a sink has not taken yet.",
    labelNames: ["sink"],
    registers: [registry],
    async collect() {
      const state = await look();
      for (const { name, next_index } of state?.sinks ?? [])
        this.set({ sink: name }, state === undefined ? 0 : state.placed - next_index);
    },
  });
}

/** While the database is away there is nothing new to tell; the metrics of everything else must not be missing for it. */
function shared<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T | undefined> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<T | undefined> = Promise.resolve(undefined);
  return () => {
    if (clock.monotonic() - asked > FRESH_MS) {
      asked = clock.monotonic();
      answer = ask().catch(() => undefined);
    }
    return answer;
  };
}
