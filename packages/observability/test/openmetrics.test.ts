import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { requireService, startPrometheus, until } from "@rempart/testing";
import { collectDefaultMetrics, Registry } from "prom-client";
import { acceptedPage, registerMetrics, shippedMetrics } from "../src/index.ts";

const { skip } = await requireService("prometheus");
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const ROUTE = '/a"\\b';

function registryWithTraces(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { httpDuration, httpRequests } = shippedMetrics;
  const metrics = registerMetrics(registry, { httpDuration, httpRequests }, { traceId: () => TRACE });
  metrics.httpDuration.labels({ method: "GET", route: ROUTE }).observe(0.2);
  metrics.httpRequests.labels({ method: "GET", route: ROUTE, status: "200" }).inc();
  return registry;
}

test("Prometheus takes the page of OpenMetrics, and finds the trace of an observation", {
  skip,
}, async (context) => {
  const registry = registryWithTraces();
  const types: string[] = [];
  const server = createServer(async (request, response) => {
    const { contentType, text } = await acceptedPage(registry, request.headers.accept);
    types.push(contentType);
    response.writeHead(200, { "content-type": contentType }).end(text);
  });
  context.after(() => server.close().closeAllConnections());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await using prometheus = await startPrometheus({
    "prometheus.yml": JSON.stringify({
      global: { scrape_interval: "1s" },
      scrape_configs: [{ job_name: "test", static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
    }),
  });
  const asked = async (question: string): Promise<string> =>
    await (await fetch(`${prometheus.url}/api/v1/${question}`)).text();
  await until(async () => (await asked("query?query=up==1")).includes('"value"'));
  const counted = JSON.parse(await asked("query?query=http_requests_total"));
  assert.equal(counted.data.result[0].metric.route, ROUTE);
  const span = `start=${Date.now() / 1_000 - 60}&end=${Date.now() / 1_000 + 60}`;
  const exemplars = `query_exemplars?query=http_request_duration_seconds_bucket&${span}`;
  await until(async () => (await asked(exemplars)).includes(`"trace_id":"${TRACE}"`));
  assert.match(types[0] ?? "", /^application\/openmetrics-text/);
});
