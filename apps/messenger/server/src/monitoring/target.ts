import { PROMETHEUS_WATCH, prometheusTarget, type Target } from "@rempart/observability";

/**
 * `NAME=URL`; null for anything else, and for an address that holds credentials. Of a Prometheus, called so, only what its rules
 * look at is kept.
 */
export function parseTarget(text: string): Target | null {
  const [, job, address = ""] = /^([a-z][a-z0-9-]{0,62})=(\S+)$/.exec(text) ?? [];
  const url = URL.parse(address);
  if (job === undefined || url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.username !== "" || url.password !== "") return null;
  return job === PROMETHEUS_WATCH.name ? prometheusTarget(new URL(".", url).href) : { job, url: url.href };
}
