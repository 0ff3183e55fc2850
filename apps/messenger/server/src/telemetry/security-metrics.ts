import type { DetectorEvent, Observer } from "@rempart/edge";
import type { IdentityEvent } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";
import type { KeysEvent } from "@rempart/keys";
import {
  type BoundCounter,
  type Labelled,
  registerMetrics,
  registerReader,
  shippedMetrics,
} from "@rempart/observability";
import type { Registry } from "prom-client";
import type { SecurityMetrics } from "../http/admin/routes.ts";
import { RecentRate } from "./recent-rate.ts";
import { soon } from "./shared-look.ts";

export interface SecurityCounters {
  /** Counts requests that were checked for forgery. */
  readonly http: Observer;
  identity(event: IdentityEvent): void;
  keys(event: KeysEvent): void;
  /** Of the edge's detector. */
  detected(event: DetectorEvent): void;
  /** Of a rate limit. */
  limited(policy: string, allowed: boolean): void;
  /** Somebody known asked for an administrator's act. */
  administrationDenied(): void;
  /** The last hour of this process; sessions are those of the installation. */
  report(): Promise<SecurityMetrics>;
}

export interface SecurityCounterPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Asked when the metrics are read. */
  averageSessionMinutes(): Promise<number | null>;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
/** Refusals of what a page of another site may have sent. */
const FORGED: ReadonlySet<string> = new Set(["csrf", "origin-not-allowed"]);
const LOCAL = "local";
/** One certain attack; what weighs less is a doubt. */
const ATTACK_SCORE = 5;

export function createSecurityCounters({
  registry,
  clock,
  averageSessionMinutes,
}: SecurityCounterPorts): SecurityCounters {
  const [signIns, checks, calls] = [new RecentRate(clock), new RecentRate(clock), new RecentRate(clock)];
  const counters = countersIn(registry);
  registerReader(registry, shippedMetrics.sessionDuration, () => soon(averageSessionMinutes()));
  return {
    http: {
      settled({ method, verdict, code, reason }) {
        if (SAFE_METHODS.has(method)) return;
        const blocked = code !== null && FORGED.has(code);
        if (!blocked && verdict !== "pass") return;
        counters.csrfChecks.inc();
        if (blocked) counters.csrfBlocks.labels({ reason: reason ?? code }).inc();
        checks.count(blocked);
      },
    },
    identity(event) {
      const outcome = outcomeOf(event);
      if (outcome === null) return;
      counters.authAttempts.labels({ outcome }).inc();
      signIns.count(outcome === "success");
    },
    keys(event) {
      if (event.type === "recovered") return;
      const { provider, operation } = event;
      if (event.type === "failover") {
        counters.kmsFailovers.labels({ provider, operation, reason: event.reason }).inc();
        return;
      }
      counters.kmsOperations.labels({ provider, operation, outcome: event.outcome }).inc();
      if (provider !== LOCAL) calls.count(BRIDGED.has(event.outcome));
    },
    detected({ findings }) {
      for (const { family, score } of findings) {
        if (score >= ATTACK_SCORE) counters.attacks.labels({ kind: family }).inc();
      }
    },
    limited: countLimits(counters.limits),
    administrationDenied: () => counters.adminRefusals.inc(),
    async report() {
      return {
        authSuccessRate: signIns.percent(),
        csrfBlockRate: checks.percent(),
        kmsFailoverRate: calls.percent(),
        avgSessionDuration: await averageSessionMinutes(),
        timestamp: new Date(clock.now()).toISOString(),
      };
    },
  };
}

/** Outcomes for which the local key stands in: never a denial. */
const BRIDGED: ReadonlySet<string> = new Set(["unavailable", "throttled", "timeout", "circuit-open"]);

/** Null: nobody tried to sign in, or they are half-way. */
function outcomeOf(event: IdentityEvent): string | null {
  if (event.type === "auth.login.succeeded") return "success";
  return event.type === "auth.login.failed" ? event.reason : null;
}

/** What an alert looks at from the first event on: a child that appears with its event hides it from a rate. */
const OUTCOMES = ["success", "unknown-account", "wrong-password", "wrong-factor", "suspended", "banned"];
const FORGERIES = [
  "cross-site",
  "same-site",
  "other-origin",
  "origin-not-allowed",
  "token-missing",
  "token-mismatch",
  "token-invalid",
];
const ATTACKS = ["sql", "nosql", "xss", "path-traversal", "command", "template", "scanner"];

function countersIn(registry: Registry) {
  const counters = registerMetrics(registry, {
    authAttempts: shippedMetrics.authAttempts,
    csrfChecks: shippedMetrics.csrfChecks,
    csrfBlocks: shippedMetrics.csrfBlocks,
    kmsOperations: shippedMetrics.kmsOperations,
    kmsFailovers: shippedMetrics.kmsFailovers,
    attacks: shippedMetrics.attacksDetected,
    adminRefusals: shippedMetrics.adminRefusals,
    limits: shippedMetrics.rateLimitDecisions,
  });
  for (const outcome of OUTCOMES) counters.authAttempts.labels({ outcome });
  for (const kind of ATTACKS) counters.attacks.labels({ kind });
  for (const reason of FORGERIES) counters.csrfBlocks.labels({ reason });
  return counters;
}

interface LimitSeries {
  readonly allowed: BoundCounter;
  readonly refused: BoundCounter;
}

/** On the way of every request: the series of a policy are looked up once. */
function countLimits(limits: Labelled<"policy" | "decision", BoundCounter>): SecurityCounters["limited"] {
  const known = new Map<string, LimitSeries>();
  const seriesOf = (policy: string): LimitSeries => {
    const series = known.get(policy) ?? {
      allowed: limits.labels({ policy, decision: "allowed" }),
      refused: limits.labels({ policy, decision: "refused" }),
    };
    known.set(policy, series);
    return series;
  };
  return (policy, allowed) => (allowed ? seriesOf(policy).allowed : seriesOf(policy).refused).inc();
}
