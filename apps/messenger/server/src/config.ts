import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WitnessAddress } from "@rempart/audit";
import { LOG_LEVELS, type LogLevel, type TraceExport } from "@rempart/observability/telemetry";
import { type Environment, fields, readConfig, Secret } from "@rempart/runtime";
import { z } from "zod";
import { auditPlace, auditPlaceVariables, checkAuditPlaceVariables } from "./audit/place-variables.ts";
import { parseSinkAddress, type SinkAddress } from "./audit/sinks.ts";
import { parseWitness } from "./audit/witnesses.ts";
import { checkRepositoryVariables } from "./backup-repository.ts";
import { type BackupConfig, backupConfig, backupVariables, checkBackupEngine } from "./backup-variables.ts";
import { checkKeyVariables, type KmsConfig, keyVariables, kmsConfig } from "./key-variables.ts";
import {
  checkMonitoringVariables,
  type MonitoringConfig,
  monitoringConfig,
  monitoringVariables,
} from "./monitoring/variables.ts";
import type { ObjectPlace } from "./object-place.ts";

const { flag, integer, list, oneOf, port, secret, secretUrl, share, text, url } = fields;

const variables = z.object({
  DATABASE_URL: secretUrl(["postgres", "postgresql"])
    .optional()
    .describe("PostgreSQL 15 or newer. Unset: an embedded PostgreSQL under DATA_DIRECTORY."),
  DATABASE_URL_FILE: text()
    .optional()
    .describe(
      "File that holds DATABASE_URL instead. It is watched: a rotated password is taken up without a restart.",
    ),
  DATABASE_ADMIN_URL: secretUrl(["postgres", "postgresql"])
    .optional()
    .describe(
      "Of a superuser, for `rempart keys rotate database` and `rempart db setup`. The server does not read it: do not give it to one.",
    ),
  DATABASE_POOL_SIZE: integer({ min: 4, max: 1_000, unit: "connections" })
    .default(20)
    .describe("Largest number of database connections of this process."),
  REDIS_URL: secretUrl(["redis", "rediss"])
    .optional()
    .describe(
      "Carries delivery hints between processes and counts their limits together. Unset: this process serves alone.",
    ),
  DATA_DIRECTORY: text()
    .default(".rempart")
    .describe(
      "Where the embedded PostgreSQL, the local key, the published audit log and what the monitor remembers are kept.",
    ),
  ...backupVariables,
  ...keyVariables,
  HOST: text({ max: 255 }).default("0.0.0.0").describe("Address of the public listener."),
  PORT: port().default(3000).describe("Port of the public listener; 0 takes a free one."),
  PUBLIC_URL: url(["http", "https"])
    .optional()
    .describe("How browsers reach the public listener. Unset: http://localhost with the port."),
  ALLOWED_ORIGINS: list()
    .default([])
    .describe("Further origins whose pages may call the API and open sockets, comma-separated."),
  TRUSTED_PROXY_HOPS: integer({ min: 0, max: 10, unit: "proxies" })
    .default(0)
    .describe("Reverse proxies in front whose X-Forwarded-For is believed."),
  WEBSOCKET_PATH: text({ max: 100 })
    .refine((path) => /^\/[a-zA-Z0-9/_-]+$/.test(path))
    .default("/ws")
    .describe("Path of the WebSocket on the public listener."),
  ADMIN_HOST: text({ max: 255 }).default("127.0.0.1").describe("Address of the administration listener."),
  ADMIN_PORT: port().default(3001).describe("Port of the administration listener; 0 takes a free one."),
  PROMETHEUS_ENABLED: flag().default(true).describe("Serve /metrics on the administration listener."),
  RATE_LIMIT_TTL: integer({ min: 1, max: 86_400, unit: "seconds" })
    .default(60)
    .describe("Window that the limits below count in."),
  RATE_LIMIT_MAX: integer({ min: 1, max: 1_000_000_000, unit: "requests" })
    .default(100)
    .describe("API requests a window for each signed-in user; an address gets ten times as many."),
  RATE_LIMIT_AUTH_MAX: integer({ min: 1, max: 1_000_000_000, unit: "requests" })
    .default(10)
    .describe("Sign-ins and sign-ups a window for each address."),
  RATE_LIMIT_MESSAGES_MAX: integer({ min: 1, max: 1_000_000_000, unit: "messages" })
    .default(100)
    .describe("Messages a window for each user, over REST and WebSocket together."),
  SOCKETS_PER_USER: integer({ min: 1, max: 10_000, unit: "sockets" })
    .default(30)
    .describe("WebSockets one user may hold open in one process."),
  SESSION_TTL: integer({ min: 300, max: 31_536_000, unit: "seconds" })
    .default(30 * 86_400)
    .describe("Longest life of a session."),
  SESSION_IDLE_TTL: integer({ min: 300, max: 31_536_000, unit: "seconds" })
    .default(7 * 86_400)
    .describe("A session unused for this long ends."),
  JWT_EXPIRATION: integer({ min: 60, max: 86_400, unit: "seconds" })
    .default(900)
    .describe("How long an access token is good for."),
  SMTP_URL: secretUrl(["smtp", "smtps"])
    .optional()
    .describe("Server that takes the mails. Unset: none are sent, and passwords are reset by an operator."),
  MAIL_FROM: text({ max: 320 })
    .default("Secure Messenger <no-reply@localhost>")
    .describe("Sender of the mails."),
  REQUIRE_VERIFIED_EMAIL: flag()
    .default(false)
    .describe("An account begins only when its address is proven. Needs SMTP_URL."),
  ...monitoringVariables,
  AUDIT_PRESET: oneOf(["development", "production", "compliance"])
    .default("production")
    .describe(
      "What the audit log takes and how sinks show it: `development` writes for reading, `compliance` also records every request.",
    ),
  AUDIT_SINKS: list({ max: 20 })
    .refine((items) => items.every((item) => parseSinkAddress(item) !== null))
    .default([])
    .describe(
      "Where else the audit log goes, comma-separated: stdout, file:PATH, syslog://HOST:PORT, syslog+tls://HOST:PORT, and loki, elasticsearch, splunk or datadog with the receiver's address, as in loki+https://HOST.",
    ),
  ...auditPlaceVariables,
  AUDIT_LOKI_TOKEN: secret().optional().describe("Bearer token for Loki."),
  AUDIT_LOKI_TENANT: text({ max: 150 }).optional().describe("Tenant for a Loki that has several."),
  AUDIT_ELASTICSEARCH_API_KEY: secret().optional().describe("API key for Elasticsearch."),
  AUDIT_SPLUNK_TOKEN: secret()
    .optional()
    .describe("Token of Splunk's HTTP Event Collector. Splunk needs it."),
  AUDIT_DATADOG_API_KEY: secret().optional().describe("API key for Datadog. Datadog needs it."),
  AUDIT_WITNESSES: list({ max: 10 })
    .refine((items) => items.every((item) => parseWitness(item) !== null))
    .default([])
    .describe(
      "Witnesses that cosign the audit log's heads, comma-separated, each as its URL, a blank, and its verifier key.",
    ),
  WEB_DIRECTORY: text()
    .optional()
    .describe("The built web client. Unset: the one that comes with the server."),
  LOG_LEVEL: oneOf(LOG_LEVELS).default("info").describe("The least severe entries that are logged."),
  LOG_DIRECTORY: text()
    .optional()
    .describe(
      "Where log lines go, to a file for each class of retention: application.log, access.log, audit.log. Unset: standard output.",
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(["http", "https"])
    .optional()
    .describe(
      "Base address of an OTLP/HTTP receiver of traces, such as http://localhost:4318. Unset: none are made.",
    ),
  OTEL_EXPORTER_OTLP_AUTHORIZATION: secret()
    .optional()
    .describe("Value of the Authorization field for that receiver, such as `Bearer` and a token."),
  OTEL_SERVICE_NAME: text({ max: 100 })
    .default("rempart-messenger")
    .describe("What traces call this service."),
  OTEL_TRACES_SAMPLER_ARG: share().default(1).describe("Share of the requests that are traced, from 0 to 1."),
});

/** Every variable of the messenger, named once: its bounds, default and documentation. `.env.example` is checked against it. */
export const messengerVariables = variables
  .superRefine(checkKeyVariables)
  .superRefine(checkRepositoryVariables)
  .superRefine(checkBackupEngine)
  .superRefine(checkAuditPlaceVariables)
  .superRefine(checkMonitoringVariables);

export interface MessengerConfig {
  /** JSON of what it was read from, for a process of ours that reads it again. */
  readonly variables: Secret;
  /** Where this installation keeps files. */
  readonly dataDirectory: string;
  readonly database: DatabaseConfig;
  readonly backup: BackupConfig;
  /** For the operator's commands. */
  readonly databaseAdminUrl: Secret | null;
  /** Null: one process, hints stay inside. */
  readonly redisUrl: Secret | null;
  readonly public: PublicConfig;
  readonly admin: { readonly host: string; readonly port: number; readonly prometheus: boolean };
  readonly limits: LimitsConfig;
  readonly session: { readonly ttlSeconds: number; readonly idleSeconds: number };
  readonly accessTokenSeconds: number;
  readonly keys: KeysConfig;
  /** Null: no mail is sent. */
  readonly mail: MailConfig | null;
  readonly audit: AuditConfig;
  readonly monitoring: MonitoringConfig;
  readonly logLevel: LogLevel;
  /** Null: standard output. */
  readonly logDirectory: string | null;
  /** Null: no traces. */
  readonly traces: TraceExport | null;
}

export interface AuditConfig {
  readonly place: ObjectPlace;
  readonly preset: "development" | "production" | "compliance";
  readonly sinks: readonly SinkAddress[];
  readonly witnesses: readonly WitnessAddress[];
  readonly secrets: {
    readonly lokiToken: Secret | undefined;
    readonly lokiTenant: string | undefined;
    readonly elasticsearchApiKey: Secret | undefined;
    readonly splunkToken: Secret | undefined;
    readonly datadogApiKey: Secret | undefined;
  };
}

export type DatabaseConfig =
  | { readonly kind: "embedded"; readonly directory: string; readonly poolSize: number }
  | { readonly kind: "url"; readonly url: Secret; readonly poolSize: number }
  | { readonly kind: "file"; readonly path: string; readonly poolSize: number };

export interface KeysConfig {
  /** The file with the local key, made with mode 0600 when it is missing. */
  readonly file: string;
  /** Null: the local key alone. */
  readonly kms: KmsConfig | null;
  readonly rewrapMs: number;
}

export interface MailConfig {
  readonly url: Secret;
  readonly from: string;
  readonly verifyAddresses: boolean;
}

export interface PublicConfig {
  readonly host: string;
  readonly port: number;
  /** Null: `http://localhost` with the port that is listened on. */
  readonly url: URL | null;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxyHops: number;
  readonly webSocketPath: string;
  readonly webDirectory: string;
}

export interface LimitsConfig {
  readonly windowSeconds: number;
  readonly requests: number;
  readonly auth: number;
  readonly messages: number;
  readonly socketsPerUser: number;
}

const BUILT_WEB_CLIENT = fileURLToPath(new URL("../../web/dist", import.meta.url));

/** Throws `RuntimeError` `invalid-configuration`, which names every wrong variable. */
export function readMessengerConfig(env: Environment): MessengerConfig {
  const read = readConfig(messengerVariables, env);
  return {
    variables: new Secret(JSON.stringify(env)),
    dataDirectory: read.DATA_DIRECTORY,
    database: databaseConfig(read),
    backup: backupConfig(read, isEmbedded(read) ? read.DATA_DIRECTORY : null),
    databaseAdminUrl: read.DATABASE_ADMIN_URL ?? null,
    redisUrl: read.REDIS_URL ?? null,
    public: {
      host: read.HOST,
      port: read.PORT,
      url: read.PUBLIC_URL ?? null,
      allowedOrigins: read.ALLOWED_ORIGINS,
      trustedProxyHops: read.TRUSTED_PROXY_HOPS,
      webSocketPath: read.WEBSOCKET_PATH,
      webDirectory: read.WEB_DIRECTORY ?? BUILT_WEB_CLIENT,
    },
    admin: { host: read.ADMIN_HOST, port: read.ADMIN_PORT, prometheus: read.PROMETHEUS_ENABLED },
    limits: {
      windowSeconds: read.RATE_LIMIT_TTL,
      requests: read.RATE_LIMIT_MAX,
      auth: read.RATE_LIMIT_AUTH_MAX,
      messages: read.RATE_LIMIT_MESSAGES_MAX,
      socketsPerUser: read.SOCKETS_PER_USER,
    },
    session: { ttlSeconds: read.SESSION_TTL, idleSeconds: read.SESSION_IDLE_TTL },
    accessTokenSeconds: read.JWT_EXPIRATION,
    keys: {
      file: read.KEY_FILE ?? join(read.DATA_DIRECTORY, "keys", "local"),
      kms: kmsConfig(read),
      rewrapMs: read.KMS_REWRAP_INTERVAL * 1000,
    },
    mail: mailConfig(read),
    audit: auditConfig(read),
    monitoring: monitoringConfig(read),
    logLevel: read.LOG_LEVEL,
    logDirectory: read.LOG_DIRECTORY ?? null,
    traces: traceExport(read),
  };
}

function auditConfig(read: z.infer<typeof messengerVariables>): AuditConfig {
  return {
    place: auditPlace(read),
    preset: read.AUDIT_PRESET,
    sinks: read.AUDIT_SINKS.flatMap((item) => parseSinkAddress(item) ?? []),
    witnesses: read.AUDIT_WITNESSES.flatMap((item) => parseWitness(item) ?? []),
    secrets: {
      lokiToken: read.AUDIT_LOKI_TOKEN,
      lokiTenant: read.AUDIT_LOKI_TENANT,
      elasticsearchApiKey: read.AUDIT_ELASTICSEARCH_API_KEY,
      splunkToken: read.AUDIT_SPLUNK_TOKEN,
      datadogApiKey: read.AUDIT_DATADOG_API_KEY,
    },
  };
}

function traceExport(read: z.infer<typeof messengerVariables>): TraceExport | null {
  if (read.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return null;
  const authorization = read.OTEL_EXPORTER_OTLP_AUTHORIZATION;
  return {
    endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
    ...(authorization === undefined ? {} : { authorization }),
    serviceName: read.OTEL_SERVICE_NAME,
    ratio: read.OTEL_TRACES_SAMPLER_ARG,
    continueInbound: read.TRUSTED_PROXY_HOPS > 0,
  };
}

function mailConfig(read: z.infer<typeof messengerVariables>): MailConfig | null {
  if (read.SMTP_URL === undefined) return null;
  return { url: read.SMTP_URL, from: read.MAIL_FROM, verifyAddresses: read.REQUIRE_VERIFIED_EMAIL };
}

function isEmbedded({ DATABASE_URL, DATABASE_URL_FILE }: z.infer<typeof messengerVariables>): boolean {
  return DATABASE_URL === undefined && DATABASE_URL_FILE === undefined;
}

function databaseConfig(read: z.infer<typeof messengerVariables>): DatabaseConfig {
  const poolSize = read.DATABASE_POOL_SIZE;
  if (read.DATABASE_URL_FILE !== undefined) return { kind: "file", path: read.DATABASE_URL_FILE, poolSize };
  return read.DATABASE_URL === undefined
    ? { kind: "embedded", directory: read.DATA_DIRECTORY, poolSize }
    : { kind: "url", url: read.DATABASE_URL, poolSize };
}
