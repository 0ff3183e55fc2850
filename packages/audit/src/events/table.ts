/**
 * Every kind of event there is. `label` is its name in the view `audit_logs`, `retention` the class that says how long its
 * body is kept, `severity` how soon somebody should look.
 */

export type Severity = "info" | "notice" | "warning" | "critical";

/**
 * `access`: who did what with the service, 90 days. `security`: what an investigation needs, 365 days. `keys`: which keys were
 * whose, for good, because a key log is only worth something whole.
 */
export type RetentionClass = "access" | "security" | "keys";

export interface EventKind {
  readonly label: string;
  readonly severity: Severity;
  readonly retention: RetentionClass;
}

function kind(label: string, severity: Severity, retention: RetentionClass): EventKind {
  return { label, severity, retention };
}

export const EVENTS = {
  "auth.signup": kind("SIGN_UP", "info", "security"),
  "auth.login.succeeded": kind("LOGIN_SUCCEEDED", "info", "access"),
  "auth.login.failed": kind("LOGIN_FAILED", "notice", "security"),
  "auth.logout": kind("LOGOUT", "info", "access"),
  "auth.session.revoked": kind("SESSION_REVOKED", "info", "security"),
  "auth.session.long": kind("LONG_SESSION", "notice", "security"),
  "auth.token.refreshed": kind("TOKEN_REFRESHED", "info", "access"),
  "auth.token.reused": kind("TOKEN_REUSED", "critical", "security"),
  "auth.password.changed": kind("PASSWORD_CHANGED", "notice", "security"),
  "auth.password.reset": kind("PASSWORD_RESET", "notice", "security"),
  "auth.email.changed": kind("EMAIL_CHANGED", "notice", "security"),
  "auth.factor.added": kind("FACTOR_ADDED", "notice", "security"),
  "auth.factor.removed": kind("FACTOR_REMOVED", "warning", "security"),
  "auth.step-up.succeeded": kind("STEP_UP_SUCCEEDED", "info", "access"),
  "auth.step-up.failed": kind("STEP_UP_FAILED", "warning", "security"),
  "auth.api-key.created": kind("API_KEY_CREATED", "notice", "security"),
  "auth.api-key.revoked": kind("API_KEY_REVOKED", "notice", "security"),
  "auth.invitation": kind("INVITATION", "notice", "security"),
  "account.changed": kind("ACCOUNT_CHANGED", "info", "access"),
  "account.suspended": kind("ACCOUNT_SUSPENDED", "warning", "security"),
  "account.banned": kind("ACCOUNT_BANNED", "warning", "security"),
  "account.reactivated": kind("ACCOUNT_REACTIVATED", "notice", "security"),
  "account.deleted": kind("ACCOUNT_DELETED", "warning", "security"),
  "privilege.changed": kind("PRIVILEGE_CHANGED", "warning", "security"),
  "tenant.changed": kind("TENANT_CHANGED", "notice", "security"),
  "access.denied": kind("ACCESS_DENIED", "notice", "security"),
  "access.request": kind("REQUEST", "info", "access"),
  "admin.operation.read": kind("ADMIN_READ", "info", "security"),
  "admin.operation.create": kind("ADMIN_CREATE", "notice", "security"),
  "admin.operation.update": kind("ADMIN_UPDATE", "notice", "security"),
  "admin.operation.delete": kind("ADMIN_DELETE", "warning", "security"),
  "data.export": kind("DATA_EXPORT", "notice", "security"),
  "data.download": kind("DATA_DOWNLOAD", "info", "access"),
  "data.erased": kind("DATA_ERASED", "warning", "security"),
  "data.erasures.lost": kind("ERASURES_LOST", "critical", "security"),
  "key.change": kind("KEY_CHANGE", "notice", "keys"),
  "key.rotated": kind("KEY_ROTATED", "notice", "security"),
  "key.failover": kind("KEY_FAILOVER", "critical", "security"),
  "backup.drill.passed": kind("DRILL_PASSED", "info", "security"),
  "backup.drill.failed": kind("DRILL_FAILED", "critical", "security"),
  "conversation.changed": kind("CONVERSATION_CHANGED", "info", "access"),
  "edge.attack": kind("SUSPICIOUS_ACTIVITY", "warning", "security"),
  "edge.limited": kind("RATE_LIMITED", "info", "access"),
  "edge.banned": kind("BANNED", "warning", "security"),
  "detection.finding": kind("SUSPICIOUS_ACTIVITY", "critical", "security"),
  "honeytoken.used": kind("SUSPICIOUS_ACTIVITY", "critical", "security"),
  "audit.subject.erased": kind("SUBJECT_ERASED", "notice", "security"),
  "audit.pruned": kind("LOG_PRUNED", "notice", "security"),
  "audit.exported": kind("LOG_EXPORTED", "warning", "security"),
  "audit.repaired": kind("LOG_REPAIRED", "critical", "security"),
  "audit.continued": kind("LOG_CONTINUED", "critical", "security"),
} as const satisfies Record<string, EventKind>;

export type EventType = keyof typeof EVENTS;
