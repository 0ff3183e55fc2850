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
    "What comes from our own pages is refused by mistake: see the reasons, and the routes. Lines of the access log with `code` `csrf` or `origin-not-allowed` tell each request at LOG_LEVEL=debug.",
  async look({ samples }) {
    const counted = await samples();
    const checks = sumOf(counted, "csrf_checks_total");
    const blocks = sumOf(counted, "csrf_blocks_total") ?? 0;
    if (checks === null || checks === 0) return { verdict: "unknown", figure: "no request was checked" };
    const share = blocks / checks;
    const figure = `${blocks} of ${checks} (${percent(share)})`;
    return {
      verdict: share <= TARGET ? "pass" : "warn",
      figure,
      details: [...reasons(counted), ...refusedRoutes(counted)],
    };
  },
};

const REASONS: Readonly<Record<string, string>> = {
  "cross-site": "a browser says that a page of another site sent it",
  "same-site":
    "a browser says that another host of this domain sent it; name it in ALLOWED_ORIGINS if it is ours",
  "other-origin": "an Origin that is not this host; does a proxy change the Host field?",
  "origin-not-allowed": "an Origin that is neither ours nor in ALLOWED_ORIGINS",
  "token-missing":
    "no Origin, no token and no bearer token; a script, or a proxy that drops Origin and Sec-Fetch-Site",
  "token-mismatch": "the token of the header is not the one of the cookie",
  "token-invalid": "a token that has expired or is of another session; a page that was kept open",
};

/** The most frequent first. */
function reasons(counted: readonly ScrapedSample[]): string[] {
  return counted
    .filter(({ name, value }) => name === "csrf_blocks_total" && value > 0)
    .toSorted((a, b) => b.value - a.value)
    .map(({ labels: { reason = "" }, value }) => `${reason}: ${value} (${REASONS[reason] ?? "not known"})`);
}

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
