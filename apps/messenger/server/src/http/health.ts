import type { ServerResponse } from "node:http";

export interface Check {
  readonly name: string;
  /** False: the process can serve, with less, while this is down. */
  readonly required: boolean;
  /** Rejects when the dependency does not answer. */
  run(): Promise<void>;
}

export interface Health {
  readonly status: "ok" | "degraded" | "unavailable";
  readonly checks: Readonly<Record<string, { readonly status: "up" | "down" }>>;
}

const CHECK_TIMEOUT_MS = 2_000;
/** Many who ask at once are given one answer, so that asking is no way to load the database. */
const KEEP_MS = 1_000;

/** Readiness: the state of each dependency, nothing of why. The reasons are in the log and the metrics. */
export class HealthChecks {
  readonly #checks: readonly Check[];
  readonly #now: () => number;
  #kept: { readonly at: number; readonly health: Promise<Health> } | null = null;
  /** Set when the process is about to stop: a load balancer sends nothing more. */
  stopping = false;

  constructor(checks: readonly Check[], now: () => number) {
    this.#checks = checks;
    this.#now = now;
  }

  async ready(): Promise<Health> {
    if (this.#kept === null || this.#now() - this.#kept.at >= KEEP_MS) {
      this.#kept = { at: this.#now(), health: this.#run() };
    }
    const health = await this.#kept.health;
    return this.stopping ? { ...health, status: "unavailable" } : health;
  }

  async #run(): Promise<Health> {
    const results = await Promise.all(this.#checks.map(async (check) => [check, await isUp(check)] as const));
    const down = results.filter(([, up]) => !up).map(([check]) => check);
    const failed = down.some((check) => check.required);
    return {
      status: failed ? "unavailable" : down.length > 0 ? "degraded" : "ok",
      checks: Object.fromEntries(results.map(([check, up]) => [check.name, { status: up ? "up" : "down" }])),
    };
  }
}

async function isUp(check: Check): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false);
  const answered = check.run().then(
    () => true,
    () => false,
  );
  const up = await Promise.race([answered, late]);
  clearTimeout(timer);
  return up;
}

/** `/health` and `/health/ready` answer with each dependency's state, `/health/live` that the process turns. */
export async function answerHealth(
  checks: HealthChecks,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const health = path === "/health/live" ? { status: "ok" } : await checks.ready();
  const status = health.status === "unavailable" ? 503 : 200;
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(health));
}
