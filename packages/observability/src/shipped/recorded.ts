/** What dashboards and people ask for by name, derived from what is counted. */
import { type RecordingRule, record } from "../objectives/record.ts";
import { arithmetic, counterOf, increase, quantile, rate, ratio, sumBy } from "../rules/builders.ts";
import type { Select, Vector } from "../rules/expression.ts";
import {
  authAttempts,
  authSuccessRate,
  csrfBlockRate,
  csrfBlocks,
  csrfChecks,
  httpDuration,
  httpRequests,
  kmsFailoverRate,
  kmsFailovers,
  kmsOperations,
  messagesSent,
} from "./metrics.ts";

/** Of the last hour. No value while nothing was counted: a quiet night is not a bad one. */
function percent(part: Select<"counter">, all: Select<"counter">): Vector {
  const total = (of: Select<"counter">): Vector => sumBy([], increase(of, "1h"));
  return arithmetic(ratio(total(part), total(all)), "*", 100);
}

export const RECORDED: readonly RecordingRule[] = [
  record({
    ...authSuccessRate,
    expression: percent(counterOf(authAttempts, { outcome: "success" }), counterOf(authAttempts)),
  }),
  record({ ...csrfBlockRate, expression: percent(counterOf(csrfBlocks), counterOf(csrfChecks)) }),
  record({
    ...kmsFailoverRate,
    expression: percent(counterOf(kmsFailovers), counterOf(kmsOperations, { provider: { not: "local" } })),
  }),
  record({
    name: "status:http_requests:rate5m",
    help: "Requests a second, by status.",
    expression: sumBy(["status"], rate(counterOf(httpRequests), "5m")),
  }),
  record({
    name: "service:http_request_duration_seconds:p95_5m",
    help: "What 95 % of the requests of five minutes did not exceed.",
    unit: "seconds",
    expression: quantile(0.95, httpDuration, { window: "5m" }),
  }),
  record({
    name: "service:messages_sent:rate5m",
    help: "Messages a second.",
    expression: sumBy([], rate(counterOf(messagesSent), "5m")),
  }),
];
