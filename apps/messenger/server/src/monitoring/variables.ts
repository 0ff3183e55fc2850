import type { Escalation, Target } from "@rempart/observability";
import {
  parseReceiver,
  parseReceiverSecrets,
  type ReceiverConfig,
  type Wording,
} from "@rempart/observability/receivers";
import { fields, type Secret } from "@rempart/runtime";
import type { z } from "zod";
import { parseTarget } from "./target.ts";

const { flag, integer, list, oneOf, secret, text, url } = fields;

/** Of the messenger's variables, those about what is watched and who is told. */
export const monitoringVariables = {
  MONITOR_ENABLED: flag()
    .default(true)
    .describe("Evaluate the alert rules in this process and tell receivers. Off where Prometheus does."),
  MONITOR_INTERVAL: integer({ min: 1, max: 300, unit: "seconds" })
    .default(15)
    .describe("How often metrics are read and the rules evaluated."),
  MONITOR_TARGETS: list({ max: 20 })
    .refine((items) => items.every((item) => parseTarget(item) !== null))
    .default([])
    .describe(
      "Pages of metrics that the rules read beside this process's own, comma-separated, each as NAME=URL: gateway=http://127.0.0.1:9901/metrics.",
    ),
  ALERT_RECEIVERS: list({ max: 20 })
    .refine((items) => items.every((item) => parseReceiver(item) !== null))
    .default([])
    .describe(
      "Who is told of alerts beside the log, comma-separated, each an address or NAME=ADDRESS: slack:, slack:CHANNEL, mailto:A@HOST;B@HOST, pagerduty:, pagerduty:eu, webhook+https://HOST/PATH; and, to notice when nobody watches any more, heartbeat: or heartbeat+https://HOST/PATH.",
    ),
  ALERT_RECEIVER_SECRETS: secret()
    .refine((text) => secretsIn(text) !== null)
    .optional()
    .describe(
      "What proves us to receivers, comma-separated, each as NAME=SECRET: a Slack webhook's URL or bot token, a PagerDuty routing key, the whsec_… that signs a webhook, a heartbeat's URL.",
    ),
  ALERT_CRITICAL: list({ max: 20 })
    .meta({ allowed: "names of receivers separated by commas" })
    .optional()
    .describe(
      "Names of the receivers of critical alerts, comma-separated. Unset: all but those of ALERT_ESCALATION.",
    ),
  ALERT_ESCALATION: list({ max: 5 })
    .refine((items) => items.every((item) => parseEscalation(item) !== null))
    .default([])
    .describe(
      "Who is told too of a critical alert that nobody has acknowledged or ended after so many minutes, comma-separated, each as NAME=MINUTES: operations=15,lead=60.",
    ),
  ALERT_WARNING: list({ max: 20 })
    .meta({ allowed: "names of receivers separated by commas" })
    .optional()
    .describe(
      "Names of the receivers of warnings, comma-separated. Unset: all but those that wake somebody.",
    ),
  ALERT_INFO: list({ max: 20 })
    .meta({ allowed: "names of receivers separated by commas" })
    .default([])
    .describe("Names of the receivers of alerts that are for who looks, beside the log, comma-separated."),
  ALERT_HEARTBEAT_INTERVAL: integer({ min: 10, max: 86_400, unit: "seconds" })
    .default(60)
    .describe(
      "How often heartbeats hear of this installation. Let what expects them wait for twice as long before it raises the alarm.",
    ),
  ALERT_GROUP_WAIT: integer({ min: 0, max: 600, unit: "seconds" })
    .default(10)
    .describe(
      "How long a critical alert waits for others of its kind to be told with it; a warning six times that.",
    ),
  ALERT_TIMEOUT: integer({ min: 1, max: 120, unit: "seconds" })
    .default(20)
    .describe(
      "How long a receiver has to answer. What a process that died was sending is sent again after three times that.",
    ),
  ALERT_LANGUAGE: oneOf(["en", "fr"]).default("en").describe("Language of what receivers are told."),
  ALERT_TIME_ZONE: text({ max: 64 })
    .default("UTC")
    .describe("Time zone of what receivers are told, as Europe/Paris."),
  ALERT_RUNBOOKS_URL: url(["http", "https"])
    .optional()
    .describe("Where the pages that alerts name are served. Unset: they are named only."),
  ALERT_CONSOLE_URL: url(["http", "https"])
    .optional()
    .describe("The console that receivers are sent to for more. Unset: none."),
};

export interface MonitoringConfig {
  readonly enabled: boolean;
  readonly everyMs: number;
  readonly targets: readonly Target[];
  /** The log first. */
  readonly receivers: readonly ReceiverConfig[];
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Names of receivers. */
  readonly critical: readonly string[];
  readonly warning: readonly string[];
  readonly info: readonly string[];
  /** Names of receivers that are told that alerting works, and of no alert. */
  readonly heartbeats: readonly string[];
  readonly heartbeatMs: number;
  /** Of critical alerts. */
  readonly escalation: readonly Escalation[];
  readonly groupWaitMs: number;
  /** That one attempt to tell a receiver may take. */
  readonly attemptMs: number;
  readonly wording: Wording;
}

type Read = z.infer<z.ZodObject<typeof monitoringVariables>>;

/** An issue for each list that names a receiver that is not there. */
export function checkMonitoringVariables(read: Read, context: z.RefinementCtx): void {
  const names = new Set(peopleOf(receiversOf(read)).map(({ name }) => name));
  const named = {
    ALERT_CRITICAL: read.ALERT_CRITICAL ?? [],
    ALERT_ESCALATION: escalationOf(read).map(({ receiver }) => receiver),
    ALERT_WARNING: read.ALERT_WARNING ?? [],
    ALERT_INFO: read.ALERT_INFO,
  };
  for (const [variable, receivers] of Object.entries(named)) {
    if (receivers.every((name) => names.has(name))) continue;
    context.addIssue({
      code: "custom",
      path: [variable],
      message: "a receiver is not there, or is a heartbeat",
    });
  }
}

export function monitoringConfig(read: Read): MonitoringConfig {
  const receivers = receiversOf(read);
  const escalation = escalationOf(read);
  const later = new Set(escalation.map(({ receiver }) => receiver));
  const people = peopleOf(receivers);
  const first = people.map(({ name }) => name).filter((name) => !later.has(name));
  const wakeNobody = people.filter(({ address }) => address.kind !== "pagerduty");
  return {
    enabled: read.MONITOR_ENABLED,
    everyMs: read.MONITOR_INTERVAL * 1000,
    targets: read.MONITOR_TARGETS.flatMap((item) => parseTarget(item) ?? []),
    receivers,
    secrets: (read.ALERT_RECEIVER_SECRETS && secretsIn(read.ALERT_RECEIVER_SECRETS)) ?? new Map(),
    critical: read.ALERT_CRITICAL ?? first,
    escalation,
    warning: read.ALERT_WARNING ?? wakeNobody.map(({ name }) => name),
    info: read.ALERT_INFO,
    heartbeats: receivers.filter((receiver) => !people.includes(receiver)).map(({ name }) => name),
    heartbeatMs: read.ALERT_HEARTBEAT_INTERVAL * 1000,
    attemptMs: read.ALERT_TIMEOUT * 1000,
    groupWaitMs: read.ALERT_GROUP_WAIT * 1000,
    wording: {
      language: read.ALERT_LANGUAGE,
      timeZone: read.ALERT_TIME_ZONE,
      runbooks: read.ALERT_RUNBOOKS_URL ?? null,
      console: read.ALERT_CONSOLE_URL ?? null,
    },
  };
}

function escalationOf({ ALERT_ESCALATION }: Read): Escalation[] {
  return ALERT_ESCALATION.flatMap((item) => parseEscalation(item) ?? []).toSorted(
    (a, b) => a.afterMs - b.afterMs,
  );
}

function parseEscalation(text: string): Escalation | null {
  const [, receiver, minutes] = /^([a-z][a-z0-9-]{0,62})=([1-9]\d{0,3})$/.exec(text) ?? [];
  return receiver === undefined ? null : { receiver, afterMs: Number(minutes) * 60_000 };
}

/** Null: they cannot be read. */
function secretsIn(text: Secret): ReadonlyMap<string, Secret> | null {
  try {
    return parseReceiverSecrets(text);
  } catch {
    return null;
  }
}

/** The log is told of everything: what no receiver took is found there. */
function receiversOf({ ALERT_RECEIVERS }: Read): readonly ReceiverConfig[] {
  const named = ALERT_RECEIVERS.flatMap((item) => parseReceiver(item) ?? []);
  return named.some(({ name }) => name === LOG) ? named : [{ name: LOG, address: { kind: LOG } }, ...named];
}

/** Those who are told of alerts. */
function peopleOf(receivers: readonly ReceiverConfig[]): readonly ReceiverConfig[] {
  return receivers.filter(({ address }) => address.kind !== "heartbeat");
}

export const LOG = "log";
