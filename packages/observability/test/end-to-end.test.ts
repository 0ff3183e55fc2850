import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  requireService,
  startAlertmanager,
  startPrometheus,
  type TestMonitor,
  until,
} from "@rempart/testing";
import { startHook, type TestHook } from "@rempart/testing/receivers";
import { Registry } from "prom-client";
import {
  generate,
  queriesOf,
  SHIPPED_DASHBOARDS,
  type Surroundings,
  toRuleFile,
} from "../src/generators/index.ts";
import {
  alert,
  compare,
  gaugeOf,
  registerMetrics,
  type Scenario,
  series,
  shippedMetrics,
  toPromql,
} from "../src/index.ts";

const { skip: withoutPrometheus } = await requireService("prometheus");
const { skip: withoutAlertmanager } = await requireService("prometheus-alertmanager");
const skip = withoutPrometheus || withoutAlertmanager;
const PATIENCE = { patienceMs: 60_000 };

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The states that the hook was told of an alert, in order. */
function statesTold({ received }: TestHook, alertname: string): string[] {
  return received
    .map(({ body }) => JSON.parse(body) as { status: string; groupLabels: Record<string, string> })
    .filter(({ groupLabels }) => groupLabels.alertname === alertname)
    .map(({ status }) => status);
}

/** What an application is to Prometheus: the shipped metrics, counted. */
function startApplication(registry: Registry): Server {
  return createServer(async (_request, response) => {
    response.setHeader("Content-Type", registry.contentType);
    response.end(await registry.metrics());
  });
}

const registry = new Registry();
const { up, ...counted } = shippedMetrics;
registerMetrics(registry, counted);

const unproven: Scenario = {
  every: "1m",
  series: [series(up, {}, 1, [9, 0])],
  firesAt: "1m",
  resolvedAt: "2m",
};

/** As `ApplicationDown`, without its two minutes of patience. */
const targetDown = alert({
  name: "TargetDown",
  expression: compare(gaugeOf(up, { job: "messenger" }), "==", 0),
  for: "1s",
  severity: "critical",
  component: "monitoring",
  summary: "The target does not answer.",
  runbook: "application-down",
  scenario: unproven,
});

interface Chain {
  readonly prometheus: TestMonitor;
  readonly port: number;
  readonly hook: TestHook;
  readonly application: Server;
}

async function startChain(): Promise<Chain> {
  const hook = await startHook();
  after(() => hook[Symbol.asyncDispose]());
  const secrets = await mkdtemp(join(tmpdir(), "rempart-secrets-"));
  after(() => rm(secrets, { recursive: true, force: true }));
  await writeFile(join(secrets, "hook"), "token-of-the-hook");
  const application = startApplication(registry);
  const port = await listen(application);
  const around: Surroundings = {
    service: "shop",
    jobs: [{ name: "messenger", targets: [`127.0.0.1:${port}`] }],
    alertmanagers: [],
    interval: "1s",
    receivers: [{ name: "hook", address: { kind: "webhook", url: `${hook.address}/` } }],
    routes: { receiver: "hook", groupBy: ["alertname"], groupWaitMs: 0, groupIntervalMs: 1_000 },
    secrets,
    runbookBase: "/",
  };
  const alertmanager = await startAlertmanager({
    "alertmanager.yml": generate("alertmanager", around).get("alertmanager/alertmanager.yml") ?? "",
  });
  after(() => alertmanager[Symbol.asyncDispose]());
  const files = generate("prometheus", { ...around, alertmanagers: [alertmanager.address] });
  const prometheus = await startPrometheus({
    ...Object.fromEntries([...files].map(([path, text]) => [path.replace("prometheus/", ""), text])),
    // In place of the least urgent ones: the shipped rules have minutes of patience.
    "rules/info.yml": toRuleFile([{ name: "test", rules: [targetDown] }]),
  });
  after(() => prometheus[Symbol.asyncDispose]());
  return { prometheus, port, hook, application };
}

async function query(prometheus: TestMonitor, text: string): Promise<{ status: string; found: number }> {
  const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(text)}`);
  const { status, data } = (await response.json()) as { status: string; data?: { result: unknown[] } };
  return { status, found: data?.result.length ?? 0 };
}

test("a fault of a scraped process reaches a receiver through Prometheus and Alertmanager, and so does its end", {
  skip,
}, async () => {
  const { prometheus, hook, port, application } = await startChain();
  await until(async () => (await query(prometheus, 'up{job="messenger"} == 1')).found === 1, PATIENCE);

  await close(application);
  await until(() => statesTold(hook, targetDown.name).includes("firing"), PATIENCE);
  assert.equal(hook.received[0]?.headers.authorization, "Bearer token-of-the-hook");

  const restarted = startApplication(registry);
  after(() => close(restarted));
  await listen(restarted, port);
  await until(() => statesTold(hook, targetDown.name).at(-1) === "resolved", PATIENCE);
  assert.equal(statesTold(hook, targetDown.name)[0], "firing");

  const texts = SHIPPED_DASHBOARDS.flatMap(queriesOf).map(({ expression }) => toPromql(expression));
  for (const text of texts) assert.equal((await query(prometheus, text)).status, "success", text);
});
