import type { MessengerConfig } from "@rempart/messenger-server/operator";
import type { Finding } from "../finding.ts";
import { alertmanager } from "./alertmanager.ts";
import { adminHealth, clocks, publicHealth, publicMetrics, scrapeMetrics } from "./endpoints.ts";
import { metricNames, prometheus } from "./prometheus.ts";
import { receivers } from "./receivers.ts";
import { silentRules } from "./rules.ts";

export interface Place {
  readonly config: MessengerConfig;
  readonly publicAddress: URL;
  readonly adminAddress: URL;
  /** Null: there is none, or it is not looked at. */
  readonly prometheus: URL | null;
  readonly alertmanager: URL | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Walks the way of an alert, from what is counted to who is told. Changes nothing and tells nobody. */
export async function verify(place: Place): Promise<Finding[]> {
  const scraped = await scrapeMetrics(place.adminAddress);
  const at = place.now();
  const elsewhere = place.prometheus === null ? [] : await metricNames(place.prometheus).catch(() => []);
  const counted = new Set([...scraped.samples.map(({ name }) => name), ...elsewhere]);
  return [
    await publicHealth(place.publicAddress),
    await publicMetrics(place.publicAddress),
    await adminHealth(place.adminAddress),
    scraped.finding,
    ...(counted.size === 0 ? [] : [silentRules(counted, scraped.declared)]),
    ...clocks(scraped, at),
    ...(await receivers(place.config, scraped.samples)),
    ...(place.prometheus === null ? [] : await prometheus(place.prometheus)),
    ...(place.alertmanager === null ? [] : [await alertmanager(place.alertmanager)]),
  ];
}
