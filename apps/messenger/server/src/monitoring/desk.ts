import type { Database } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import {
  type AlertDesk,
  createAlertDesk,
  postgresAlertStore,
  SHIPPED_TOPOLOGY,
} from "@rempart/observability";
import type { MessengerConfig } from "../config.ts";
import { routesOf } from "./routes.ts";
import { rulesAbout } from "./rules.ts";

/** What an operator asks of the alerting engine, beside the server that runs it. */
export function alertDesk({ monitoring }: MessengerConfig, database: Database): AlertDesk {
  return createAlertDesk({
    store: postgresAlertStore(database),
    rules: rulesAbout(monitoring.targets),
    routes: routesOf(monitoring),
    topology: SHIPPED_TOPOLOGY,
    clock: systemClock,
    random: systemRandom,
  });
}
