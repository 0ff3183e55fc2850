import { alert } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import {
  above,
  arithmetic,
  below,
  both,
  compare,
  counterOf,
  gaugeOf,
  increase,
  quantile,
  rate,
  ratio,
  secondsUntil,
  sumBy,
} from "../rules/builders.ts";
import type { Duration } from "../rules/duration.ts";
import type { Select, Vector } from "../rules/expression.ts";
import {
  accessTokenSize,
  adminRefusals,
  attacksDetected,
  authAttempts,
  certificateExpires,
  csrfBlocks,
  csrfChecks,
  kmsFailovers,
  kmsOperations,
  rateLimitDecisions,
  sessionDuration,
} from "./metrics.ts";
import { gaugeScenario } from "./scenarios.ts";

const total = (of: Select<"counter">, window: Duration): Vector => sumBy([], increase(of, window));
const atLeastEvents = (of: Select<"counter">, window: Duration, events: number): Vector =>
  compare(total(of, window), ">=", events);

const DAY_S = 86_400;

export const SECURITY_RULES = [
  alert({
    name: "LowAuthSuccessRate",
    expression: both(
      below(
        ratio(
          total(counterOf(authAttempts, { outcome: "success" }), "10m"),
          total(counterOf(authAttempts), "10m"),
        ),
        0.995,
      ),
      atLeastEvents(counterOf(authAttempts), "10m", 200),
    ),
    for: "5m",
    severity: "critical",
    component: "identity",
    summary: "Fewer than 99.5 % of sign-ins succeed.",
    runbook: "auth-down",
    scenario: {
      every: "1m",
      series: [
        series(authAttempts, { outcome: "success" }, 0, [20, 30], [20, 100]),
        series(authAttempts, { outcome: "bad-credentials" }, 0, [20, 10], [20, 0]),
      ],
      firesAt: "15m",
      resolvedAt: "35m",
    },
  }),
  alert({
    name: "HighCSRFBlocks",
    expression: both(
      above(ratio(total(counterOf(csrfBlocks), "10m"), total(counterOf(csrfChecks), "10m")), 0.001),
      atLeastEvents(counterOf(csrfChecks), "10m", 1_000),
    ),
    for: "10m",
    severity: "warning",
    component: "security",
    summary:
      "More than 0.1 % of checked requests are refused as forged: an attack, or our own pages are wrong.",
    runbook: "csrf-blocks",
    scenario: {
      every: "1m",
      series: [
        series(csrfChecks, {}, 0, [50, 200]),
        series(csrfBlocks, { reason: "cross-site" }, 0, [25, 2], [25, 0]),
      ],
      firesAt: "24m",
      resolvedAt: "40m",
    },
  }),
  alert({
    name: "KMSFailoverHigh",
    expression: both(
      above(
        ratio(
          total(counterOf(kmsFailovers), "15m"),
          total(counterOf(kmsOperations, { provider: { not: "local" } }), "15m"),
        ),
        0.01,
      ),
      atLeastEvents(counterOf(kmsOperations, { provider: { not: "local" } }), "15m", 10),
    ),
    for: "15m",
    severity: "warning",
    component: "kms",
    summary: "More than 1 % of key operations are bridged with the local key.",
    runbook: "kms-failover",
    scenario: {
      every: "1m",
      series: [
        series(kmsOperations, { provider: "aws", operation: "wrap", outcome: "timeout" }, 0, [70, 4]),
        series(kmsFailovers, { provider: "aws", operation: "wrap", reason: "timeout" }, 0, [35, 4], [35, 0]),
      ],
      firesAt: "30m",
      resolvedAt: "60m",
    },
  }),
  alert({
    name: "BruteForce",
    expression: above(
      arithmetic(sumBy([], rate(counterOf(authAttempts, { outcome: { not: "success" } }), "2m")), "*", 60),
      10,
    ),
    severity: "critical",
    component: "security",
    summary: "More than ten sign-ins a minute fail.",
    runbook: "brute-force",
    scenario: {
      every: "1m",
      series: [series(authAttempts, { outcome: "bad-credentials" }, 0, [5, 1], [10, 30], [15, 1])],
      firesAt: "10m",
      resolvedAt: "20m",
    },
  }),
  alert({
    name: "InjectionAttempt",
    expression: above(
      sumBy(["kind"], increase(counterOf(attacksDetected, { kind: { startsWith: "sql" } }), "5m")),
      0,
    ),
    severity: "critical",
    component: "security",
    summary: "Somebody tries to inject commands into the database.",
    runbook: "injection-attempt",
    scenario: {
      every: "1m",
      series: [series(attacksDetected, { kind: "sql-injection" }, 0, [5, 0], [1, 1], [20, 0])],
      firesAt: "7m",
      resolvedAt: "15m",
    },
  }),
  alert({
    name: "UnauthorizedAdminAccess",
    expression: above(total(counterOf(adminRefusals), "5m"), 0),
    severity: "critical",
    component: "security",
    summary: "Somebody who may not asks for the administration.",
    runbook: "unauthorized-admin-access",
    scenario: {
      every: "1m",
      series: [series(adminRefusals, {}, 0, [5, 0], [1, 3], [20, 0])],
      firesAt: "7m",
      resolvedAt: "15m",
    },
  }),
  alert({
    name: "CertificateExpiring",
    expression: below(secondsUntil(gaugeOf(certificateExpires)), 14 * DAY_S),
    for: "1h",
    severity: "warning",
    component: "gateway",
    summary: "The certificate ends within 14 days: its renewal does not work.",
    runbook: "certificate-expiring",
    scenario: {
      every: "5m",
      series: [series(certificateExpires, {}, 10 * DAY_S, [24, 0], [1, 80 * DAY_S], [12, 0])],
      firesAt: "90m",
      resolvedAt: "130m",
    },
  }),
  alert({
    name: "SessionsTooLong",
    expression: above(gaugeOf(sessionDuration), 480),
    for: "15m",
    severity: "warning",
    component: "identity",
    summary:
      "Sessions are used for more than eight hours without a break, on average: they do not end, or are not people's.",
    runbook: "sessions-too-long",
    scenario: { ...gaugeScenario(sessionDuration, 120, 600), firesAt: "22m" },
  }),
  alert({
    name: "RateLimitsRefuseMany",
    expression: both(
      above(
        ratio(
          sumBy(["policy"], increase(counterOf(rateLimitDecisions, { decision: "refused" }), "10m")),
          sumBy(["policy"], increase(counterOf(rateLimitDecisions), "10m")),
        ),
        0.2,
      ),
      compare(sumBy(["policy"], increase(counterOf(rateLimitDecisions), "10m")), ">=", 500),
    ),
    for: "5m",
    severity: "warning",
    component: "security",
    summary:
      "A rate limit refuses more than a fifth of what it counts: somebody floods, or the limit is too low.",
    runbook: "rate-limits",
    scenario: {
      every: "1m",
      series: [
        series(rateLimitDecisions, { policy: "global", decision: "allowed" }, 0, [50, 100]),
        series(rateLimitDecisions, { policy: "global", decision: "refused" }, 0, [25, 60], [25, 0]),
      ],
      firesAt: "15m",
      resolvedAt: "40m",
    },
  }),
  alert({
    name: "AccessTokensLarge",
    expression: above(quantile(0.95, accessTokenSize, { window: "30m" }), 4_000),
    for: "15m",
    severity: "info",
    component: "identity",
    summary: "One access token in twenty is nearly 4 KiB large: servers in front refuse larger headers.",
    runbook: "access-tokens-large",
    scenario: {
      every: "1m",
      series: [
        series("jwt_size_bytes_bucket", { le: "3072" }, 0, [30, 1], [40, 100]),
        series("jwt_size_bytes_bucket", { le: "4096" }, 0, [30, 2], [40, 100]),
        series("jwt_size_bytes_bucket", { le: "+Inf" }, 0, [70, 100]),
      ],
      firesAt: "25m",
      resolvedAt: "65m",
    },
  }),
];
