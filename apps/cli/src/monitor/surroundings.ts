import { routesOf } from "@rempart/messenger-server/alerting";
import type { MessengerConfig } from "@rempart/messenger-server/operator";
import type { Duration, Target } from "@rempart/observability";
import type { MailServer, ScrapeJob, Surroundings } from "@rempart/observability/generators";
import { adminAddress } from "../admin-address.ts";

export interface Told {
  /** By the name of the job; what is told here counts, and not what the configuration says. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
  readonly alertmanagers: readonly string[];
  readonly secrets: string;
  readonly interval?: Duration;
}

const RUNBOOKS = "https://example.org/runbooks/";

/** What the generated files say of this installation beside what is declared. */
export function surroundingsOf(config: MessengerConfig, told: Told): Surroundings {
  const { monitoring, mail } = config;
  return {
    service: "messenger",
    jobs: jobsOf(config, told.targets),
    alertmanagers: told.alertmanagers,
    ...(told.interval === undefined ? {} : { interval: told.interval }),
    routes: routesOf(monitoring),
    receivers: monitoring.receivers,
    ...(mail === null ? {} : { mail: mailServer(mail.url.reveal(), mail.from) }),
    secrets: told.secrets,
    runbookBase: monitoring.wording.runbooks?.href ?? RUNBOOKS,
  };
}

function jobsOf(config: MessengerConfig, told: Told["targets"]): ScrapeJob[] {
  const configured = [
    { name: "messenger", targets: [adminAddress(config).host] },
    ...config.monitoring.targets.map(jobOf),
  ];
  return [
    ...configured.filter(({ name }) => !told.has(name)),
    ...[...told].map(([name, targets]) => ({ name, targets })),
  ];
}

function jobOf({ job, url }: Target): ScrapeJob {
  const { host, pathname, protocol } = new URL(url);
  return { name: job, targets: [host], path: pathname, scheme: protocol === "https:" ? "https" : "http" };
}

/** Without its password, which stands in a file of its own. */
function mailServer(address: string, from: string): MailServer {
  const { hostname, port, protocol, username } = new URL(address);
  const usual = protocol === "smtps:" ? "465" : "587";
  return {
    smarthost: `${hostname}:${port === "" ? usual : port}`,
    from,
    ...(username === "" ? { requireTls: false } : { username: decodeURIComponent(username) }),
  };
}
