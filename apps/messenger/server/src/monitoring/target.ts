import type { Target } from "@rempart/observability";

/** `NAME=URL`; null for anything else, and for an address that holds credentials. */
export function parseTarget(text: string): Target | null {
  const [, job, address = ""] = /^([a-z][a-z0-9-]{0,62})=(\S+)$/.exec(text) ?? [];
  const url = URL.parse(address);
  if (job === undefined || url === null || !/^https?:$/.test(url.protocol)) return null;
  return url.username === "" && url.password === "" ? { job, url: url.href } : null;
}
