import type { ScrapedSample } from "@rempart/observability";
import { type CheckItem, percent, sumOf } from "./item.ts";

const TARGET = 0.001;
const SHOWN = 10;

export const forgeryBlocks: CheckItem = {
  id: "csrf-blocks",
  title: "Requests refused as forged",
  target: "up to 0.1 % of those that were checked",
  source:
    "csrf_blocks_total, csrf_checks_total and http_requests_total of the running server, since it started",
  advice:
    "Routes below that people use are a sign of false positives: an origin missing in ALLOWED_ORIGINS, a page kept open over a rotation, a proxy that drops the Origin field. Lines with `csrf` or `origin-not-allowed` at LOG_LEVEL=debug tell each request.",
  async look({ samples }) {
    const counted = await samples();
    const checks = sumOf(counted, "csrf_checks_total");
    const blocks = sumOf(counted, "csrf_blocks_total") ?? 0;
    if (checks === null || checks === 0) return { verdict: "unknown", figure: "no request was checked" };
    const share = blocks / checks;
    const figure = `${blocks} of ${checks} (${percent(share)})`;
    return { verdict: share <= TARGET ? "pass" : "warn", figure, details: refusedRoutes(counted) };
  },
};

/** Forgeries are refused with 403; the counters of requests say on which routes. */
function refusedRoutes(counted: readonly ScrapedSample[]): string[] {
  return counted
    .filter(
      ({ name, labels, value }) => name === "http_requests_total" && labels.status === "403" && value > 0,
    )
    .toSorted((a, b) => b.value - a.value)
    .slice(0, SHOWN)
    .map(({ labels, value }) => `403 on ${labels.method} ${labels.route}: ${value}`);
}
