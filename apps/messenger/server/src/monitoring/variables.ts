import type { Target } from "@rempart/observability";
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
      "Who is told of alerts beside the log, comma-separated, each an address or NAME=ADDRESS: slack:, slack:CHANNEL, mailto:A@HOST;B@HOST, pagerduty:, pagerduty:eu, webhook+https://HOST/PATH.",
    ),
  ALERT_RECEIVER_SECRETS: secret()
    .refine((text) => secretsIn(text) !== null)
    .optional()
    .describe(
      "What proves us to receivers, comma-separated, each as NAME=SECRET: a Slack webhook's URL or bot token, a PagerDuty routing key, the whsec_… that signs a webhook.",
    ),
  ALERT_CRITICAL: list({ max: 20 })
    .meta({ allowed: "names of receivers separated by commas" })
    .optional()
    .describe("Names of the receivers of critical alerts, comma-separated. Unset: all of them."),
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
  readonly groupWaitMs: number;
  /** That one attempt to tell a receiver may take. */
  readonly attemptMs: number;
  readonly wording: Wording;
}

type Read = z.infer<z.ZodObject<typeof monitoringVariables>>;

/** An issue for each list that names a receiver that is not there. */
export function checkMonitoringVariables(read: Read, context: z.RefinementCtx): void {
  const names = new Set(receiversOf(read).map(({ name }) => name));
  for (const variable of ["ALERT_CRITICAL", "ALERT_WARNING", "ALERT_INFO"] as const) {
    if (read[variable]?.every((name) => names.has(name)) ?? true) continue;
    context.addIssue({ code: "custom", path: [variable], message: "a receiver is not there" });
  }
}

export function monitoringConfig(read: Read): MonitoringConfig {
  const receivers = receiversOf(read);
  const all = receivers.map(({ name }) => name);
  const wakeNobody = receivers.filter(({ address }) => address.kind !== "pagerduty");
  return {
    enabled: read.MONITOR_ENABLED,
    everyMs: read.MONITOR_INTERVAL * 1000,
    targets: read.MONITOR_TARGETS.flatMap((item) => parseTarget(item) ?? []),
    receivers,
    secrets: (read.ALERT_RECEIVER_SECRETS && secretsIn(read.ALERT_RECEIVER_SECRETS)) ?? new Map(),
    critical: read.ALERT_CRITICAL ?? all,
    warning: read.ALERT_WARNING ?? wakeNobody.map(({ name }) => name),
    info: read.ALERT_INFO,
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

export const LOG = "log";
