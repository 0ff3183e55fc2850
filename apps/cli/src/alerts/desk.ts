import { alertDesk } from "@rempart/messenger-server/alerting";
import type { AlertDesk } from "@rempart/observability";
import { withInstallation } from "../installation.ts";

/** Asks the alerting engine of the installation, also while a server runs it. */
export function withDesk(work: (desk: AlertDesk) => Promise<void>): Promise<void> {
  return withInstallation(({ database }, config) => work(alertDesk(config, database)));
}
