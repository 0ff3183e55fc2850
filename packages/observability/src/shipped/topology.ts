import type { Topology } from "../alerting/topology.ts";

/** Of a service as this project runs it. `security` needs nothing: an attack is told whatever else is down. */
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
