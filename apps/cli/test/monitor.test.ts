import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { missingMetrics, toPromql } from "@rempart/observability";
import { queriesOf, SHIPPED_DASHBOARDS } from "@rempart/observability/generators";
import { freePort, requireService, startAlertmanager, startPrometheus, until } from "@rempart/testing";
import { startHook } from "@rempart/testing/receivers";
import { rempart, workplace } from "./cli.ts";
import { here } from "./here.ts";

const { skip: withoutPrometheus } = await requireService("prometheus");
const { skip: withoutAlertmanager } = await requireService("prometheus-alertmanager");
const skip = withoutPrometheus || withoutAlertmanager;

const place = await workplace();
const hook = await startHook();
const heart = await startHook();
const ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
const env = {
  ...ports,
  HOST: "127.0.0.1",
  BACKUP_REPOSITORY: "none",
  ALERT_RECEIVERS: `hook=webhook+${hook.address}/alerts,switch=heartbeat+${heart.address}/beat`,
  ALERT_RECEIVER_SECRETS: `hook=whsec_${Buffer.alloc(32, 7).toString("base64")}`,
};
const server = rempart(["up"], { ...place, env });
after(async () => {
  server.child.kill("SIGTERM");
  await server.ended;
  await hook[Symbol.asyncDispose]();
  await heart[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});
await server.serving();

/** How many series a query finds. */
async function countFound(url: string, promql: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
  const { status, data } = (await response.json()) as { status: string; data: { result: unknown[] } };
  assert.equal(status, "success", promql);
  return data.result.length;
}

interface Finding {
  readonly state: string;
  readonly what: string;
  readonly detail: string;
  readonly advice: string | null;
}

async function run(args: readonly string[], more: Record<string, string> = {}): Promise<[number, string]> {
  const { code, out, said } = await here(["monitor", ...args], { ...env, ...more }, place.cwd);
  return [code, out + said];
}

async function verified(args: readonly string[], more = {}): Promise<[number, Map<string, Finding>]> {
  const [code, text] = await run(["verify", "--json", ...args], more);
  const findings = JSON.parse(text) as Finding[];
  return [code, new Map(findings.map((finding) => [finding.what, finding]))];
}

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.map(async (path) => [path.slice(folder.length + 1), await readFile(path, "utf8")]),
  );
  return Object.fromEntries(texts);
}

async function scrapesAll(url: string): Promise<boolean> {
  const response = await fetch(`${url}/api/v1/query?query=min(up)`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result[0]?.value[1] === "1";
}

test("who writes alarms for CloudWatch is told which rules it cannot express", async () => {
  const [code, text] = await run(["generate", "cloudwatch", "--out", "cloud"]);
  const { Metadata } = JSON.parse(
    await readFile(join(place.cwd, "cloud", "cloudwatch", "alarms.json"), "utf8"),
  );
  const without: { rule: string }[] = Metadata.Rempart.WithoutAlarm;
  assert.equal(code, 0);
  assert.ok(without.some(({ rule }) => rule === "ApplicationDown"));
  assert.match(text, new RegExp(`no alarm for ${without.length - 1} of \\d+ rules`), "all but Watchdog");
  assert.match(text, /Critical ones among them: .*ApplicationDown/);
});

test("what is there already is compared, and not written", async () => {
  const args = ["generate", "alertmanager", "openslo", "--out", "out"];
  assert.equal((await run([...args, "--check"]))[0], 1, "nothing is there");
  assert.equal((await run(args))[0], 0);
  assert.equal((await run([...args, "--check"]))[0], 0);
  const [code, text] = await run([...args, "--check", "--secrets", "/elsewhere"]);
  assert.deepEqual([code, text], [1, "out/alertmanager/alertmanager.yml is not current\n"]);
});

test("a running installation is found well, link by link, with the files generated for it", {
  skip,
}, async () => {
  await run(["generate", "alertmanager", "--out", "whole"]);
  await using alertmanager = await startAlertmanager(
    await filesBelow(join(place.cwd, "whole", "alertmanager")),
  );
  const told = ["--interval", "1s", "--alertmanager", alertmanager.address];
  await run(["generate", "prometheus", "--out", "whole", ...told]);
  await using prometheus = await startPrometheus(await filesBelow(join(place.cwd, "whole", "prometheus")));
  await until(() => scrapesAll(prometheus.url));
  // A rate is of two scrapes.
  const aRate = "rate(http_requests_total[5m])";
  await until(async () => (await countFound(prometheus.url, aRate)) > 0);
  await until(() => heart.received.length > 0);
  const [code, found] = await verified(["--prometheus", prometheus.url, "--alertmanager", alertmanager.url]);
  const states = Object.fromEntries([...found].map(([what, { state }]) => [what, state]));
  assert.deepEqual(states, {
    "public health": "ok",
    "public metrics": "ok",
    "administration health": "ok",
    scrape: "ok",
    rules: "warning",
    "clock here": "ok",
    "clock of the database": "ok",
    receivers: "ok",
    heartbeat: "ok",
    "receiver hook": "ok",
    "receiver switch": "ok",
    "prometheus targets": "ok",
    "prometheus rules": "ok",
    "prometheus alertmanagers": "ok",
    dashboards: "warning",
    alertmanager: "ok",
  });
  assert.equal(code, 0);
  // The last one is counted, though nothing has happened yet.
  assert.doesNotMatch(found.get("rules")?.detail ?? "", /http_requests_total|clock_skew|kms_failover_total/);
  assert.equal(hook.received.length, 0, "nobody is told anything");

  const names = await fetch(`${prometheus.url}/api/v1/label/__name__/values`);
  const counted = new Set(((await names.json()) as { data: string[] }).data);
  const shown = SHIPPED_DASHBOARDS.flatMap(queriesOf).filter(
    ({ expression }) => missingMetrics(expression, (name) => counted.has(name)).length === 0,
  );
  assert.ok(shown.length > 50);
  for (const { expression } of shown) {
    const promql = toPromql(expression);
    assert.ok((await countFound(prometheus.url, promql)) > 0, `${promql} finds nothing`);
  }
});

test("each part that fails is named, with what to do", async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const [code, found] = await verified(
    ["--public", `http://127.0.0.1:${ports.ADMIN_PORT}`, "--prometheus", nobody, "--alertmanager", nobody],
    { ALERT_RECEIVER_SECRETS: "", ALERT_RECEIVERS: `hook=webhook+${nobody}/alerts` },
  );
  assert.equal(code, 1);
  const failing = [
    "public metrics",
    "receivers",
    "receiver hook",
    "prometheus rules",
    "dashboards",
    "alertmanager",
  ];
  for (const what of failing) {
    assert.equal(found.get(what)?.state, "failed", what);
    assert.ok(found.get(what)?.advice, what);
  }
  assert.match(found.get("public metrics")?.detail ?? "", /answers 200 instead of 403/);
  assert.equal(found.get("heartbeat")?.state, "warning", "nobody would notice that all of it is gone");
});
