/** What the shipped rules read. An application counts it under these declarations, or an exporter does (node, PostgreSQL). */
import { counter, gauge, histogram } from "../metrics/declare.ts";

export * from "./metrics-backup.ts";
export * from "./metrics-gateway.ts";
export * from "./metrics-infrastructure.ts";
export * from "./metrics-machine.ts";
export * from "./metrics-messenger.ts";
export * from "./metrics-monitoring.ts";

const METHOD = { values: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] };
const few = { limit: 20 };
const many = { limit: 200 };

export const httpRequests = counter({
  name: "http_requests_total",
  help: "Requests answered on the public listener, refused and upgraded ones included.",
  unit: "count",
  labels: { method: METHOD, route: many, status: { limit: 60 } },
});

export const httpDuration = histogram({
  name: "http_request_duration_seconds",
  help: "From the first policy to the last byte of the answer.",
  unit: "seconds",
  labels: { method: METHOD, route: many },
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});

export const authAttempts = counter({
  name: "auth_attempts_total",
  help: "Sign-ins that came to an end: success, or why not.",
  unit: "count",
  labels: { outcome: few },
});

export const csrfChecks = counter({
  name: "csrf_checks_total",
  help: "Requests that change something and were asked whether one of our pages sent them.",
  unit: "count",
});

export const csrfBlocks = counter({
  name: "csrf_blocks_total",
  help: "Of csrf_checks_total, the requests that were refused, by what gave them away.",
  unit: "count",
  labels: { reason: few },
});

export const kmsOperations = counter({
  name: "kms_operations_total",
  help: "Data keys that a key provider was asked to wrap or unwrap.",
  unit: "count",
  labels: { provider: few, operation: few, outcome: few },
});

export const kmsFailovers = counter({
  name: "kms_failover_total",
  help: "Data keys made or opened with the local key because the provider did not answer.",
  unit: "count",
  labels: { provider: few, operation: few, reason: few },
});

export const messagesSent = counter({
  name: "messages_sent_total",
  help: "Messages this process placed durably in a conversation, each once: application messages, commits and events.",
  unit: "count",
  labels: { kind: { values: ["application", "commit", "event"] } },
});

export const attacksDetected = counter({
  name: "attacks_detected_total",
  help: "Requests in which the detector found an attack, by its kind.",
  unit: "count",
  labels: { kind: few },
});

export const adminRefusals = counter({
  name: "admin_access_denied_total",
  help: "Requests to the administration that were refused for who asked.",
  unit: "count",
});

export const backupLastSuccess = gauge({
  name: "backup_last_success_timestamp_seconds",
  help: "When the newest backup that can be restored was made.",
  unit: "seconds",
});

export const certificateExpires = gauge({
  name: "gateway_certificate_expires_timestamp_seconds",
  help: "When the served certificate ends.",
  unit: "seconds",
});

export const queueMessages = gauge({
  name: "queue_messages",
  help: "Jobs that wait, by queue.",
  unit: "count",
  labels: { queue: few },
});

export const clockSkew = gauge({
  name: "clock_skew_seconds",
  help: "How far the clock is from the database's.",
  unit: "seconds",
});

/** Of prom-client's default metrics. */
export const eventLoopLag = gauge({
  name: "nodejs_eventloop_lag_p99_seconds",
  help: "The 99th percentile of the delays of the event loop.",
  unit: "seconds",
});

export const processStart = gauge({
  name: "process_start_time_seconds",
  help: "When the process started.",
  unit: "seconds",
});

/** Of the node exporter. */
export const diskAvailable = gauge({
  name: "node_filesystem_avail_bytes",
  help: "Room that is left for everybody.",
  unit: "bytes",
  labels: { mountpoint: few },
});

export const diskSize = gauge({
  name: "node_filesystem_size_bytes",
  help: "Room altogether.",
  unit: "bytes",
  labels: { mountpoint: few },
});

/** Of the PostgreSQL exporter. */
export const databaseConnections = gauge({
  name: "pg_stat_database_numbackends",
  help: "Connections, by database.",
  unit: "count",
  labels: { datname: few },
});

export const databaseMaxConnections = gauge({
  name: "pg_settings_max_connections",
  help: "Connections that the server allows.",
  unit: "count",
});
