import type { Topology } from "../alerting/topology.ts";

/**
 * Of a service as this project runs it: who is of no use without whom. `security` needs nothing, an attack is told whatever else
 * is down. That Redis or a key service is away is no outage: without them the service goes on.
 */
export const SHIPPED_TOPOLOGY: Topology = {
  database: ["host"],
  redis: ["host"],
  backup: ["database", "host"],
  application: ["database", "redis", "host"],
  identity: ["application", "database", "kms"],
  messaging: ["application", "database", "redis"],
  jobs: ["application", "database"],
  gateway: ["host"],
};
