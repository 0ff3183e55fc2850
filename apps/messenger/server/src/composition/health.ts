import type { Database } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import type { Bus } from "../bus/bus.ts";
import { type Check, HealthChecks } from "../http/health.ts";

export function createHealth(database: Database, bus: Bus, keyring: Keyring, clock: Clock): HealthChecks {
  const checks: Check[] = [
    { name: "database", required: true, run: () => database.ping() },
    { name: "bus", required: false, run: async () => assertHealthy(bus) },
    ...(keyring.hasPrimary
      ? [{ name: "kms", required: false, run: async () => assertAnswering(keyring) }]
      : []),
  ];
  return new HealthChecks(checks, () => clock.monotonic());
}

function assertHealthy(bus: Bus): void {
  if (!bus.healthy) throw new Error("the bus is away");
}

/** The first is the primary provider; the local key stands in while it is away. */
function assertAnswering(keyring: Keyring): void {
  if (keyring.health()[0]?.status !== "up") throw new Error("the key service is away");
}
