import type { Observer } from "@rempart/edge";
import type { IdentityEvent } from "@rempart/identity";
import type { Clock } from "@rempart/kernel";
import type { KeysEvent } from "@rempart/keys";
import { Counter, Gauge, type Registry } from "prom-client";
import type { SecurityMetrics } from "../http/admin/routes.ts";
import { RecentRate } from "./recent-rate.ts";

export interface SecurityCounters {
  /** Counts requests that were checked for forgery. */
  readonly http: Observer;
  identity(event: IdentityEvent): void;
  keys(event: KeysEvent): void;
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

export function createSecurityCounters({
  registry,
  clock,
  averageSessionMinutes,
}: SecurityCounterPorts): SecurityCounters {
  const [signIns, checks, calls] = [new RecentRate(clock), new RecentRate(clock), new RecentRate(clock)];
  const counters = countersIn(registry);
  rateGauge(registry, "auth_success_rate", "Percent of the last hour's sign-ins that succeeded.", signIns);
  rateGauge(registry, "csrf_block_rate", "Percent of the last hour's checked requests refused.", checks);
  rateGauge(registry, "kms_failover_rate", "Percent of the last hour's key calls bridged locally.", calls);
  sessionGauge(registry, averageSessionMinutes);
  return {
    http: {
      settled({ method, verdict, code }) {
        if (SAFE_METHODS.has(method)) return;
        const blocked = code !== null && FORGED.has(code);
        if (!blocked && verdict !== "pass") return;
        counters.csrfChecks.inc();
        if (blocked) counters.csrfBlocks.inc();
        checks.count(blocked);
      },
    },
    identity(event) {
      const outcome = outcomeOf(event);
      if (outcome === null) return;
      counters.authAttempts.inc({ outcome });
      signIns.count(outcome === "success");
    },
    keys(event) {
      if (event.type === "recovered") return;
      const { provider, operation } = event;
      if (event.type === "failover") {
        counters.kmsFailovers.inc({ provider, operation, reason: event.reason });
        return;
      }
      counters.kmsOperations.inc({ provider, operation, outcome: event.outcome });
      if (provider !== LOCAL) calls.count(BRIDGED.has(event.outcome));
    },
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

function countersIn(registry: Registry) {
  const registers = [registry];
  return {
    authAttempts: new Counter({
      name: "auth_attempts_total",
      help: "Sign-ins that came to an end: success, or why not.",
      labelNames: ["outcome"],
      registers,
    }),
    csrfChecks: new Counter({
      name: "csrf_checks_total",
      help: "Requests that change something and were asked whether one of our pages sent them.",
      registers,
    }),
    csrfBlocks: new Counter({
      name: "csrf_blocks_total",
      help: "Of csrf_checks_total, the requests that were refused.",
      registers,
    }),
    kmsOperations: new Counter({
      name: "kms_operations_total",
      help: "Data keys that a key provider was asked to wrap or unwrap.",
      labelNames: ["provider", "operation", "outcome"],
      registers,
    }),
    kmsFailovers: new Counter({
      name: "kms_failover_total",
      help: "Data keys made or opened with the local key because the provider did not answer.",
      labelNames: ["provider", "operation", "reason"],
      registers,
    }),
  };
}

/** No sample while nothing was counted: an alert on a threshold must not fire on a quiet night. */
function rateGauge(registry: Registry, name: string, help: string, rate: RecentRate): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const percent = rate.percent();
      if (percent === null) this.remove();
      else this.set(percent);
    },
  });
}

function sessionGauge(registry: Registry, averageMinutes: () => Promise<number | null>): void {
  new Gauge({
    name: "auth_session_duration_minutes",
    help: "Minutes of uninterrupted use, on average over the sessions in use now.",
    registers: [registry],
    async collect() {
      // A database that is away must not cost the other metrics.
      const minutes = await averageMinutes().catch(() => null);
      if (minutes === null) this.remove();
      else this.set(minutes);
    },
  });
}
