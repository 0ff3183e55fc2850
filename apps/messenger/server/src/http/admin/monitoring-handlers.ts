import type { Audit, AuditEvent } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { createEventStream, readLastEventId, SSE_HEADERS } from "@rempart/edge";
import type { Identity, Subject } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";
import type { Alerting, Mute, MuteRequest } from "@rempart/observability";
import type { Monitoring } from "../../monitoring/monitoring.ts";
import { shownAlerts } from "../../monitoring/shown-alerts.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import { type AdminHandlers, subjectOf } from "./api.ts";
import type { MONITORING_ROUTES } from "./monitoring-routes.ts";
import { watchReader } from "./watch-reader.ts";

export interface MonitoringServices {
  readonly identity: Identity;
  /** Null: this installation does not watch itself. */
  readonly monitoring: Monitoring | null;
  readonly database: Database;
  readonly audit: Pick<Audit, "record">;
  readonly clock: Clock;
}

type MonitoringHandlers = Pick<AdminHandlers, keyof typeof MONITORING_ROUTES>;

const OFF = refuse("not-configured");
/** Each costs a socket and what waits for its reader. */
const MAX_READERS = 100;
/** What is to be quiet for longer is a rule to change. */
const LONGEST_SILENCE_MS = 30 * 86_400_000;

/** What is watched, and who is told of it. Each act is recorded with who did it. */
export function monitoringHandlers(services: MonitoringServices): MonitoringHandlers {
  const { identity, monitoring } = services;
  const { administration } = identity;
  const may = (caller: Subject, act: "read" | "acknowledge" | "silence"): void =>
    administration.demand(caller, `alerts.${act}`);
  return {
    async alerts({ caller }) {
      may(caller, "read");
      return monitoring === null ? OFF : overview(monitoring);
    },
    async explainAlert({ caller, params }) {
      may(caller, "read");
      if (monitoring === null) return OFF;
      const explanation = await monitoring.alerting.explain(params.alert);
      return explanation.rule === null ? refuse("not-found") : { explanation: { ...explanation } };
    },
    async acknowledgeAlert({ caller, params }) {
      may(caller, "acknowledge");
      if (monitoring === null) return OFF;
      const isKnown = await monitoring.alerting.acknowledge(params.alert, caller.userId);
      if (!isKnown) return refuse("not-found");
      await record(services, caller, "admin.operation.update", { type: "alert", id: params.alert });
      return null;
    },
    async silences({ caller }) {
      may(caller, "read");
      if (monitoring === null) return OFF;
      return { silences: (await monitoring.alerting.list()).mutes.map(shownSilence) };
    },
    async silence({ caller, body: { where, reason, until } }) {
      may(caller, "silence");
      if (monitoring === null) return OFF;
      const from = services.clock.now();
      if (until - from > LONGEST_SILENCE_MS)
        return refuse("validation-failed", "a silence ends within 30 days");
      const when = { kind: "once", from, to: until } as const;
      return mute(services, monitoring.alerting, caller, { kind: "silence", where, reason, when });
    },
    async endSilence({ caller, params: { silenceId } }) {
      may(caller, "silence");
      if (monitoring === null) return OFF;
      if (!(await monitoring.alerting.unmute(silenceId))) return refuse("not-found");
      await record(services, caller, "admin.operation.delete", { type: "silence", id: silenceId });
      return null;
    },
    async maintenance({ caller, body: { where, reason, when } }) {
      may(caller, "silence");
      if (monitoring === null) return OFF;
      const time = "from" in when ? ({ kind: "once", ...when } as const) : weeklyOf(when);
      return mute(services, monitoring.alerting, caller, { kind: "maintenance", where, reason, when: time });
    },
    async objectives({ caller }) {
      may(caller, "read");
      return monitoring === null ? OFF : { objectives: await monitoring.objectives() };
    },
    async stream({ caller, headers }) {
      const allowed = (subject: Subject): void => {
        may(subject, "read");
        administration.demand(subject, "metrics.read");
      };
      allowed(caller);
      if (monitoring === null) return OFF;
      if (monitoring.live.readers >= MAX_READERS) return refuse("unavailable");
      const stream = createEventStream();
      watchReader(stream, services.clock, async () => {
        const subject = await subjectOf(identity, headers);
        if (subject !== null) allowed(subject);
        return subject !== null;
      });
      monitoring.live.join(stream, readLastEventId(headers("last-event-id")));
      return new Response(stream.body, { headers: SSE_HEADERS });
    },
  };
}

async function overview(monitoring: Monitoring) {
  const latest = monitoring.latest();
  const { alerts } = await monitoring.alerting.list();
  return {
    ...shownAlerts(alerts),
    evaluatedAt: latest?.at ?? null,
    failedRules: latest?.failed ?? [],
    targets: latest?.targets ?? [],
  };
}

type Asked = Omit<MuteRequest, "author">;

/** Recorded, or it is not so. */
async function mute(
  services: MonitoringServices,
  alerting: Alerting,
  caller: Subject,
  asked: Asked,
): Promise<{ silence: ReturnType<typeof shownSilence> } | Refusal> {
  const made = await muted(alerting, { ...asked, author: caller.userId });
  if (typeof made === "string") return refuse("validation-failed", made);
  const { id, kind, where, reason, when } = made;
  try {
    const metadata = { kind, where, reason, when };
    await record(services, caller, "admin.operation.create", { type: "silence", id, metadata });
  } catch (error) {
    await alerting.unmute(id);
    throw error;
  }
  return { silence: shownSilence(made) };
}

/** What is wrong with it, in words, when it cannot be. */
async function muted(alerting: Alerting, request: MuteRequest): Promise<Mute | string> {
  try {
    return await alerting.mute(request);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function shownSilence({ when, ...mute }: Mute) {
  const { kind: _, ...time } = when;
  return { ...mute, when: time };
}

type Weekly = Extract<MuteRequest["when"], { kind: "weekly" }>;

function weeklyOf(when: Omit<Weekly, "kind" | "weekday"> & { readonly weekday: number }): Weekly {
  return { kind: "weekly", ...when, weekday: when.weekday as Weekly["weekday"] };
}

async function record(
  { database, audit }: MonitoringServices,
  { userId }: Subject,
  type: AuditEvent["type"],
  resource: NonNullable<AuditEvent["resource"]>,
): Promise<void> {
  await database.transaction((tx) => audit.record(tx, { type, actor: { userId }, resource }));
}
