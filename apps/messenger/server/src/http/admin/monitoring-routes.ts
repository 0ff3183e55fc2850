import { shownText, timestamp, uuid } from "@rempart/messaging/contract";
import { z } from "zod";
import { route } from "./route.ts";

const number = z.number().nullable();
const labels = z.record(z.string(), z.string()).readonly();
const severity = z.enum(["critical", "warning", "info"]);
const text = z.string().max(200);

/** A condition on a label, as rules have it. */
const condition = z.union([
  text,
  z.strictObject({ not: text }),
  z.strictObject({ startsWith: text }),
  z.strictObject({ oneOf: z.array(text).min(1).max(50) }),
  z.strictObject({ noneOf: z.array(text).min(1).max(50) }),
]);
const conditions = z
  .record(z.string().regex(/^[a-zA-Z_]\w{0,99}$/), condition)
  .refine((where) => Object.keys(where).length > 0 && Object.keys(where).length <= 20)
  .describe("On the labels of alerts, alertname, severity and component among them. All must hold.");

const reason = shownText(1_000);

const alert = z.strictObject({
  id: z.string(),
  rule: z.string(),
  phase: z.enum(["pending", "firing", "resolved"]),
  severity,
  component: z.string(),
  labels,
  value: number,
  since: timestamp.nullable(),
  firingAt: timestamp.nullable(),
  resolvedAt: timestamp.nullable(),
  flapping: z.boolean(),
  acknowledgedBy: z.string().nullable(),
  heldBy: z
    .array(
      z.strictObject({
        kind: z.enum(["silence", "maintenance", "inhibited", "cool-down"]),
        by: z.union([z.string(), z.number()]),
      }),
    )
    .readonly(),
});

const once = z.strictObject({ from: timestamp, to: timestamp });
const weekly = z.strictObject({
  weekday: z.int().min(0).max(6).describe("0 is Sunday"),
  startMinute: z.int().min(0).max(1_439).describe("Minutes after midnight"),
  minutes: z.int().min(1).max(10_079),
  timeZone: z.string().max(64).describe("An IANA name"),
});

const silence = z.strictObject({
  id: uuid,
  kind: z.enum(["silence", "maintenance"]),
  where: z.record(z.string(), z.unknown()).readonly(),
  author: z.string(),
  reason: z.string(),
  when: z.union([once, weekly]),
  createdAt: timestamp,
});

const objective = z.strictObject({
  name: z.string(),
  target: z.number(),
  window: z.string(),
  budgetLeft: number.describe("1 is all of the error budget, 0 none, negative overspent"),
  burn: z.record(z.string(), number).readonly().describe("Times faster than the budget lasts, by window"),
});

const aboutAlert = z.strictObject({ alert: z.string().regex(/^[a-zA-Z0-9]{1,128}$/) });
const MONITORING = { tag: "monitoring", status: 200, problems: ["not-configured"] } as const;
const ACT = { tag: "monitoring", status: 204, answer: null } as const;

export const MONITORING_ROUTES = {
  alerts: route({
    ...MONITORING,
    method: "GET",
    path: "/api/admin/alerts",
    summary: "Alerts that fire or are about to, gravest first, and what the monitor sees",
    answer: z.strictObject({
      alerts: z.array(alert).readonly(),
      omitted: z.int(),
      evaluatedAt: timestamp.nullable(),
      failedRules: z.array(z.strictObject({ rule: z.string(), reason: z.string() })).readonly(),
      targets: z
        .array(
          z.strictObject({
            job: z.string(),
            instance: z.string(),
            up: z.boolean(),
            reason: z.string().nullable(),
          }),
        )
        .readonly(),
    }),
  }),
  explainAlert: route({
    ...MONITORING,
    method: "GET",
    path: "/api/admin/alerts/:alert/explain",
    summary:
      "Why a rule's alerts, or one alert, fire or not and are told or not, with the samples they rest on",
    params: aboutAlert,
    answer: z.strictObject({ explanation: z.record(z.string(), z.unknown()).readonly() }),
    problems: ["not-configured", "not-found"],
  }),
  acknowledgeAlert: route({
    ...ACT,
    method: "POST",
    path: "/api/admin/alerts/:alert/acknowledge",
    summary: "Say that somebody is on it: it is neither escalated nor repeated until it is over",
    params: aboutAlert,
    problems: ["not-configured", "not-found"],
  }),
  silences: route({
    ...MONITORING,
    method: "GET",
    path: "/api/admin/silences",
    summary: "Silences and maintenance windows that are not over",
    answer: z.strictObject({ silences: z.array(silence).readonly() }),
  }),
  silence: route({
    ...MONITORING,
    method: "POST",
    path: "/api/admin/silences",
    summary: "Tell nobody of alerts that fulfil conditions, until a date",
    body: z.strictObject({ where: conditions, reason, until: timestamp }),
    answer: z.strictObject({ silence }),
    problems: ["not-configured"],
  }),
  endSilence: route({
    ...ACT,
    method: "DELETE",
    path: "/api/admin/silences/:silenceId",
    summary: "End a silence or a maintenance window",
    params: z.strictObject({ silenceId: uuid }),
    problems: ["not-configured", "not-found"],
  }),
  maintenance: route({
    ...MONITORING,
    method: "POST",
    path: "/api/admin/maintenance",
    summary:
      "Tell nobody of alerts that fulfil conditions, at a time that is known before: once, or every week",
    body: z.strictObject({ where: conditions, reason, when: z.union([once, weekly]) }),
    answer: z.strictObject({ silence }),
    problems: ["not-configured"],
  }),
  objectives: route({
    ...MONITORING,
    method: "GET",
    path: "/api/admin/objectives",
    summary: "What is promised, what is left of each error budget, and how fast it is being spent",
    answer: z.strictObject({ objectives: z.array(objective).readonly() }),
  }),
  stream: route({
    ...MONITORING,
    method: "GET",
    path: "/api/admin/stream",
    summary: "Metrics and alerts as they change, as server-sent events: snapshot, then metrics and alerts",
    answer: "events",
    problems: ["not-configured"],
  }),
} as const;
