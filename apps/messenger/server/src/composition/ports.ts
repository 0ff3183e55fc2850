import type { Clock, Random } from "@rempart/kernel";
import type { Tracing } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";

/** What every part is given. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly tracing: Tracing;
}
