/** What the messenger counts beside what the shipped rules read. */
import { counter, gauge, histogram } from "../metrics/declare.ts";

const few = { limit: 20 };

export const websocketConnections = gauge({
  name: "websocket_connections_active",
  help: "Authenticated WebSockets that are open now.",
  unit: "count",
});

export const websocketBadFrames = counter({
  name: "websocket_bad_frames_total",
  help: "Frames from clients that could not be understood.",
  unit: "count",
});

export const messagesEncrypted = counter({
  name: "messages_encrypted_total",
  help: "Of messages_sent_total, the end-to-end encrypted application messages, whose content the server cannot read.",
  unit: "count",
});

/** A token travels in a header with every request: servers in front refuse headers beyond 8 KiB or so. */
export const accessTokenSize = histogram({
  name: "jwt_size_bytes",
  help: "Size of the access tokens issued.",
  unit: "bytes",
  buckets: [256, 384, 512, 768, 1_024, 1_536, 2_048, 3_072, 4_096],
});

export const authSuccessRate = gauge({
  name: "auth_success_rate",
  help: "Percent of the last hour's sign-ins that succeeded.",
  unit: "percent",
});

export const csrfBlockRate = gauge({
  name: "csrf_block_rate",
  help: "Percent of the last hour's checked requests refused.",
  unit: "percent",
});

export const kmsFailoverRate = gauge({
  name: "kms_failover_rate",
  help: "Percent of the last hour's key calls bridged locally.",
  unit: "percent",
});

export const sessionDuration = gauge({
  name: "auth_session_duration_minutes",
  help: "Minutes of uninterrupted use, on average over the sessions in use now.",
  unit: "minutes",
});

export const rateLimitDecisions = counter({
  name: "rate_limit_decisions_total",
  help: "Calls counted against a rate limit, and whether they were let through.",
  unit: "count",
  labels: { policy: few, decision: { values: ["allowed", "refused"] } },
});

export const auditFindings = counter({
  name: "audit_findings_total",
  help: "What detection found in the audit log, and what it did about it.",
  unit: "count",
  labels: { rule: few, response: few },
});

export const auditEventsDropped = counter({
  name: "audit_events_dropped_total",
  help: "Events of the edge that came faster than they could be written, and are lost.",
  unit: "count",
});

export const auditEntries = gauge({
  name: "audit_entries",
  help: "Entries that have their place in the log.",
  unit: "count",
});

export const auditUnpublished = gauge({
  name: "audit_unpublished_entries",
  help: "Entries that are recorded and not in the published tree yet.",
  unit: "count",
});

export const auditHeadSize = gauge({
  name: "audit_head_size_entries",
  help: "Entries of the published head, as the files show it.",
  unit: "count",
});

export const auditHeadAge = gauge({
  name: "audit_head_age_seconds",
  help: "Since the newest head was signed. It grows while nothing happens too.",
  unit: "seconds",
});

export const auditSinkLag = gauge({
  name: "audit_sink_lag_entries",
  help: "Entries that a sink has not taken yet.",
  unit: "count",
  labels: { sink: few },
});
