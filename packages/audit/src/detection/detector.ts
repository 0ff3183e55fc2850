import type { Database } from "@rempart/database";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Record as RecordEvent } from "../log/record.ts";
import { type AuditRecord, RECORD_COLUMNS, type RecordRow, toRecord } from "../reading/record.ts";
import type { Sink } from "../sinks/sink.ts";
import { LogHealth } from "./log-health.ts";
import type { Response, Rule, Suspicion, Target, Watch } from "./rule.ts";

/** Acts on a suspicion. What it does must end by itself, and can be taken back. */
export interface Responder {
  /** Throws when it cannot. */
  respond(response: Response, target: Target, suspicion: Suspicion): Promise<void>;
  undo(response: Response, target: Target): Promise<void>;
}

export interface DetectorOptions {
  readonly database: Database;
  readonly record: RecordEvent;
  readonly rules: readonly Rule[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: suspicions are told, nothing is done. */
  readonly responder?: Responder;
  /** Told of each finding, after it is recorded. */
  readonly onFinding?: (finding: Suspicion, responded: Response | null) => void;
}

interface Watching {
  readonly rule: Rule;
  readonly watch: Watch;
  /** Until when a target raises no further suspicion. Unix milliseconds. */
  readonly quiet: Map<string, number>;
}

const MAX_QUIET = 10_000;
const MAX_REPLAYED = 50_000;

/**
 * Reads the log as it is placed and records what looks wrong in it. It is a sink: give it to a forwarder, which remembers how
 * far it has read. What happened before is read again when it starts, so that a restart forgets no window.
 */
export function detectorSink(options: DetectorOptions): Sink {
  let watching: Detector | null = null;
  /** Of the entry that follows what was read here last. */
  let next: number | null = null;
  return {
    name: "detection",
    async write(records) {
      const [first] = records;
      if (first === undefined) return;
      if (watching === null || (await wasReadElsewhere(options.database, first, next)))
        watching = await Detector.start(options, first);
      for (const record of records) {
        next = record.index === null ? null : record.index + 1;
        await watching.see(record);
      }
    },
  };
}

/**
 * Whether another process read what lies between, or this batch comes again after a failure: then what is remembered here is
 * not what came before. Otherwise entries that leave no place behind are gone, which is for the detector to say.
 */
async function wasReadElsewhere(
  database: Database,
  { index }: AuditRecord,
  next: number | null,
): Promise<boolean> {
  if (index === next || index === null) return false;
  const rows = await database.query("SELECT FROM audit_leaves WHERE leaf_index = $1", [index - 1]);
  return rows.length > 0;
}

class Detector {
  readonly #options: DetectorOptions;
  readonly #watching: readonly Watching[];
  readonly #health = new LogHealth();

  private constructor(options: DetectorOptions) {
    this.#options = options;
    this.#watching = options.rules.map((rule) => ({ rule, watch: rule.start(), quiet: new Map() }));
  }

  static async start(options: DetectorOptions, first: AuditRecord): Promise<Detector> {
    const detector = new Detector(options);
    for (const record of await before(options, first)) detector.#replay(record);
    return detector;
  }

  async see(record: AuditRecord): Promise<void> {
    const fault = this.#health.see(record, this.#options.clock.now());
    if (fault !== null) await this.#tellFault(fault);
    for (const watching of this.#watching) {
      if (!concerns(watching.rule, record)) continue;
      const suspicion = watching.watch.see(record);
      if (suspicion !== null && this.#isNews(watching, suspicion, record.time))
        await this.#tell(watching.rule, suspicion);
    }
  }

  /** What was told before the start is not told again. */
  #replay(record: AuditRecord): void {
    for (const watching of this.#watching) {
      if (!concerns(watching.rule, record)) continue;
      const suspicion = watching.watch.see(record);
      if (suspicion !== null) this.#isNews(watching, suspicion, record.time);
    }
  }

  #isNews({ rule, quiet }: Watching, { target }: Suspicion, time: number): boolean {
    const key = `${target.kind} ${target.value}`;
    if ((quiet.get(key) ?? 0) > time) return false;
    quiet.delete(key);
    quiet.set(key, time + rule.coolDownMs);
    if (quiet.size > MAX_QUIET) quiet.delete(quiet.keys().next().value as string);
    return true;
  }

  async #tell(rule: Rule, suspicion: Suspicion): Promise<void> {
    const responded = await this.#respond(rule, suspicion);
    const { database, record, onFinding } = this.#options;
    const { target, score, reason, evidence } = suspicion;
    await record(database, {
      type: "detection.finding",
      resource: {
        type: target.kind,
        id: target.kind === "user" ? target.value : rule.name,
        metadata: { rule: rule.name, evidence, response: responded },
      },
      security: { score, reason },
      ...(target.kind === "user" ? { subject: target.value } : { actor: { address: target.value } }),
    });
    onFinding?.(suspicion, responded);
  }

  /** A response that fails is logged: the finding counts without it. */
  async #respond({ response }: Rule, suspicion: Suspicion): Promise<Response | null> {
    const { responder, log } = this.#options;
    if (response === null || responder === undefined) return null;
    try {
      await responder.respond(response, suspicion.target, suspicion);
      return response;
    } catch (error) {
      log.warn({ rule: suspicion.rule, response, error: explain(error) }, "a response to a suspicion failed");
      return null;
    }
  }

  async #tellFault({ kind, reason, evidence }: NonNullable<ReturnType<LogHealth["see"]>>): Promise<void> {
    const { database, record, log } = this.#options;
    log.warn({ fault: kind, reason }, "something is wrong with the audit log");
    const metadata = { rule: `log-${kind}`, evidence };
    await record(database, {
      type: "detection.finding",
      resource: { type: "audit-log", id: kind, metadata },
      security: { score: 90, reason },
    });
  }
}

function concerns({ types }: Rule, { type }: AuditRecord): boolean {
  return (types as readonly string[]).includes(type);
}

/** The entries before `first` that some rule still remembers, in the order of the log. */
async function before({ database, rules }: DetectorOptions, first: AuditRecord): Promise<AuditRecord[]> {
  const memoryMs = Math.max(0, ...rules.map((rule) => Math.max(rule.memoryMs, rule.coolDownMs)));
  const types = [...new Set(rules.flatMap((rule) => rule.types))];
  const rows = await database.query<RecordRow>(
    `SELECT ${RECORD_COLUMNS}
     FROM audit_leaves l JOIN audit_entries e ON e.id = l.entry_id
     LEFT JOIN audit_event_kinds k ON k.event_type = e.event_type
     WHERE l.leaf_index < $1 AND e.event_type = ANY($2) AND e.created_at > $3
     ORDER BY l.leaf_index DESC LIMIT $4`,
    [first.index, types, new Date(first.time - memoryMs), MAX_REPLAYED],
  );
  return rows.reverse().map(toRecord);
}
