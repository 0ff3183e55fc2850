import {
  counterOf,
  type Expression,
  gaugeOf,
  increase,
  type Monitor,
  maxBy,
  quantile,
  rate,
  ratio,
  shippedMetrics,
  sumBy,
} from "@rempart/observability";

const { httpDuration, httpRequests, messagesSent, websocketConnections, eventLoopLag } = shippedMetrics;

/** What a console shows as it goes, all targets together. */
const LIVE = {
  requestsPerSecond: sumBy([], rate(counterOf(httpRequests), "1m")),
  errorRatio: ratio(
    sumBy([], increase(counterOf(httpRequests, { status: { startsWith: "5" } }), "5m")),
    sumBy([], increase(counterOf(httpRequests), "5m")),
  ),
  p95Seconds: quantile(0.95, httpDuration, { window: "5m" }),
  connections: sumBy([], gaugeOf(websocketConnections)),
  messagesPerSecond: sumBy([], rate(counterOf(messagesSent), "1m")),
  eventLoopLagSeconds: maxBy([], gaugeOf(eventLoopLag)),
} as const satisfies Record<string, Expression>;

export type LiveMetrics = Readonly<Record<keyof typeof LIVE, number | null>>;

/** Null is what has no value now: nothing was counted, or it is no number. */
export async function liveMetrics(monitor: Pick<Monitor, "query">): Promise<LiveMetrics> {
  const asked = Object.entries(LIVE).map(
    async ([name, expression]) => [name, await singleValue(monitor, expression)] as const,
  );
  return Object.fromEntries(await Promise.all(asked)) as LiveMetrics;
}

/** Of an expression with one element at most. */
export async function singleValue(
  monitor: Pick<Monitor, "query">,
  expression: Expression,
): Promise<number | null> {
  const [element] = await monitor.query(expression);
  return element !== undefined && Number.isFinite(element.value) ? element.value : null;
}
