import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { requireService, startAlertmanager, until } from "@rempart/testing";
import { ROUTING_KEY, startHook, startPagerDuty } from "@rempart/testing/receivers";
import { type AlertmanagerOptions, toAlertmanagerConfig } from "../src/generators/index.ts";
import { type RouteTree, routesFor, SHIPPED_GROUPS, SHIPPED_TOPOLOGY, WATCHDOG } from "../src/index.ts";
import { parseReceiver } from "../src/receivers/index.ts";

const run = promisify(execFile);
const { path: amtool = "", skip } = await requireService("amtool");

const routes: RouteTree = {
  receiver: "log",
  groupBy: ["component"],
  routes: [
    { where: { alertname: WATCHDOG }, receiver: "log", routes: [{ receiver: "switch", repeatMs: 60_000 }] },
    { where: { severity: "critical" }, receiver: "on-call", groupWaitMs: 0, continue: true },
    { where: { severity: { oneOf: ["critical", "warning"] } }, receiver: "team", continue: true },
    {
      where: { component: { not: "database" }, severity: { noneOf: ["critical", "warning"] } },
      receiver: "mail",
      routes: [{ where: { alertname: { startsWith: "Latency.P9" } }, receiver: "hook" }],
    },
  ],
};

const receivers = [
  "log",
  "on-call=pagerduty:",
  "team=slack:#alerts",
  "slack:",
  "mail=mailto:a@example.org;b@example.org",
  "hook=webhook+https://hooks.example.org/alerts",
  "switch=heartbeat+https://switch.example.org/beat",
].flatMap((text) => parseReceiver(text) ?? []);

const options: AlertmanagerOptions = {
  routes,
  receivers,
  topology: SHIPPED_TOPOLOGY,
  rules: SHIPPED_GROUPS.flatMap((group) => group.rules),
  mail: { smarthost: "localhost:587", from: "rempart@example.org", username: "rempart" },
  secrets: "/secrets",
};

const folder = await mkdtemp(join(tmpdir(), "rempart-routes-"));
after(() => rm(folder, { recursive: true, force: true }));

async function configFile(more: Partial<AlertmanagerOptions> = {}): Promise<string> {
  const path = join(folder, "alertmanager.yml");
  await writeFile(path, toAlertmanagerConfig({ ...options, ...more }));
  return path;
}

const maintenance: AlertmanagerOptions["maintenance"] = [
  {
    name: "database",
    where: { component: "database" },
    when: { kind: "weekly", weekday: 6, startMinute: 1_380, minutes: 1_800, timeZone: "Europe/Paris" },
  },
  {
    name: "quiet",
    where: { severity: "info" },
    when: { kind: "weekly", weekday: 0, startMinute: 0, minutes: 60, timeZone: "UTC" },
  },
];

const WHOLE_SUNDAY = { kind: "weekly", weekday: 0, startMinute: 0, minutes: 1_440, timeZone: "UTC" } as const;

test("Alertmanager takes the file, with every kind of receiver and with times of maintenance", {
  skip,
}, async () => {
  for (const more of [{}, { maintenance }]) {
    const { stdout } = await run(amtool, ["check-config", await configFile(more)]);
    assert.match(stdout, /SUCCESS/);
  }
});

test("an alert takes the routes that it takes here, with and without maintenance", { skip }, async () => {
  for (const more of [{}, { maintenance }]) {
    const config = await configFile(more);
    for (const severity of ["critical", "warning", "info"]) {
      for (const [component, alertname] of [
        ["database", "DatabaseDown"],
        ["application", "Latency.P95"],
        ["application", "LatencyxP95"],
        ["monitoring", WATCHDOG],
      ] as const) {
        const labels = { severity, component, alertname };
        const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
        const { stdout } = await run(amtool, [
          "config",
          "routes",
          "test",
          `--config.file=${config}`,
          ...pairs,
        ]);
        const here = routesFor(routes, labels).map(({ receiver }) => receiver);
        assert.equal(stdout.trim(), here.join(","), JSON.stringify(labels));
      }
    }
  }
});

test("no secret stands in the file, and what Alertmanager cannot do is said", () => {
  const escalating: RouteTree = { ...routes, escalate: [{ afterMs: 900_000, receiver: "mail" }] };
  const text = toAlertmanagerConfig({ ...options, routes: escalating });
  assert.match(text, /routing_key_file: "\/secrets\/on-call"/);
  assert.match(text, /smtp_auth_password_file: "\/secrets\/smtp-password"/);
  assert.match(text, /^# Alertmanager knows no acknowledgement: "mail" is told .* after 15m/m);
  assert.match(text, /^# Alertmanager cannot write a log for "log"/m);
  assert.throws(() => toAlertmanagerConfig({ ...options, secrets: "secrets" }), TypeError);
});

test("no time of maintenance mutes a heartbeat, and its end is no beat", () => {
  const everything = { where: {}, when: WHOLE_SUNDAY } as const;
  const text = toAlertmanagerConfig({ ...options, maintenance: [{ name: "all", ...everything }] });
  const [beats = "", others = ""] = text.split("mute_time_intervals", 2);
  assert.match(beats, /receiver: "switch"/);
  assert.doesNotMatch(others, /receiver: "switch"/);
  assert.match(text, /url: "https:\/\/switch.example.org\/beat"\n\s+send_resolved: false/);
});

test("a time of maintenance that goes over midnight has a part for each day", () => {
  const text = toAlertmanagerConfig({ ...options, maintenance });
  const [, intervals = ""] = text.split('time_intervals:\n  - name: "database"');
  const days = [...(intervals.split("name:")[0]?.matchAll(/- "(\w+day)"|_time: "([\d:]+)"/g) ?? [])].map(
    ([, day, time]) => day ?? time,
  );
  assert.deepEqual(days, [
    "saturday",
    "23:00",
    "24:00",
    "sunday",
    "00:00",
    "24:00",
    "monday",
    "00:00",
    "05:00",
  ]);
});

interface Shown {
  readonly labels: Record<string, string>;
  readonly status: { readonly inhibitedBy: readonly string[] };
}

test("an outage mutes what is about those who need it, and no strain of a dependency does", {
  skip,
}, async () => {
  await using alertmanager = await startAlertmanager({
    "alertmanager.yml": toAlertmanagerConfig({
      receivers: [{ name: "log", address: { kind: "log" } }],
      routes: { receiver: "log", groupWaitMs: 0 },
      topology: SHIPPED_TOPOLOGY,
      rules: options.rules,
      secrets: "/secrets",
    }),
  });
  const alerts = [
    ["DatabaseDown", "database", "critical"],
    ["DatabasePoolExhausted", "database", "warning"],
    ["HostCPUHigh", "host", "warning"],
    ["HighErrorRate", "application", "critical"],
    ["QueueBacklog", "jobs", "warning"],
    ["GatewayTargetDown", "gateway", "warning"],
    ["BruteForce", "security", "critical"],
  ].map(([alertname, component, severity]) => ({ labels: { alertname, component, severity } }));
  const url = `${alertmanager.url}/api/v2/alerts`;
  const body = JSON.stringify(alerts);
  await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
  let shown: Shown[] = [];
  const muted = (): string[] =>
    shown.flatMap(({ labels, status }) => (status.inhibitedBy.length > 0 ? [labels.alertname ?? ""] : []));
  await until(async () => {
    shown = (await (await fetch(url)).json()) as Shown[];
    return shown.length === alerts.length && muted().length > 0;
  });
  assert.deepEqual(muted().sort(), ["HighErrorRate", "QueueBacklog"]);
});

test("who is next is told of what goes on, and not of what ended before", { skip }, async () => {
  await using hook = await startHook();
  await writeFile(join(folder, "first"), "bearer");
  await writeFile(join(folder, "next"), "bearer");
  const at = (name: string) => ({
    name,
    address: { kind: "webhook", url: `${hook.address}/${name}` } as const,
  });
  await using alertmanager = await startAlertmanager({
    "alertmanager.yml": toAlertmanagerConfig({
      receivers: [at("first"), at("next")],
      routes: {
        receiver: "first",
        groupBy: ["alertname"],
        groupWaitMs: 0,
        groupIntervalMs: 1_000,
        routes: [{ where: { severity: "critical" }, escalate: [{ afterMs: 2_000, receiver: "next" }] }],
      },
      topology: {},
      rules: [],
      secrets: folder,
    }),
  });
  const told = (receiver: string, alertname: string, status: string): boolean =>
    hook.received.some(({ path, body }) => {
      const said = JSON.parse(body) as { status: string; groupLabels: Record<string, string> };
      return path === `/${receiver}` && said.status === status && said.groupLabels.alertname === alertname;
    });
  const labelsOf = (alertname: string, severity: string) => ({ labels: { alertname, severity } });
  const post = (...alerts: object[]): Promise<Response> =>
    fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: "POST",
      body: JSON.stringify(alerts),
      headers: { "content-type": "application/json" },
    });
  const [brief, mild, lasting] = [
    labelsOf("Brief", "critical"),
    labelsOf("Mild", "warning"),
    labelsOf("Lasting", "critical"),
  ];
  await post(brief, { ...brief, endsAt: new Date() }, mild, lasting);
  await until(() => told("first", "Lasting", "firing") && told("first", "Mild", "firing"));
  await until(() => told("next", "Lasting", "firing"));
  await post({ ...lasting, endsAt: new Date() });
  await until(() => told("next", "Lasting", "resolved") && told("first", "Lasting", "resolved"));
  assert.ok(!told("next", "Brief", "firing") && !told("next", "Mild", "firing"));
});

test("PagerDuty, Slack and a webhook are told, with what the files beside prove", { skip }, async () => {
  const secrets = { "on-call": ROUTING_KEY, team: "xoxb-token", hook: "bearer" };
  for (const [name, secret] of Object.entries(secrets)) await writeFile(join(folder, name), secret);
  await using pagerDuty = await startPagerDuty();
  await using hook = await startHook();
  await using alertmanager = await startAlertmanager({
    "alertmanager.yml": toAlertmanagerConfig({
      receivers: [
        { name: "on-call", address: { kind: "pagerduty", url: pagerDuty.url } },
        { name: "team", address: { kind: "slack", via: "api", api: hook.address, channel: "#alerts" } },
        { name: "hook", address: { kind: "webhook", url: `${hook.address}/hook` } },
      ],
      routes: {
        receiver: "hook",
        groupWaitMs: 0,
        routes: ["on-call", "team", "hook"].map((receiver) => ({ receiver, continue: true })),
      },
      topology: {},
      rules: [],
      secrets: folder,
    }),
  });
  const labels = { alertname: "DatabaseDown", severity: "critical", component: "database" };
  const annotations = { summary: "It is away.", runbook_url: "https://example.org/database-down.md" };
  await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: "POST",
    body: JSON.stringify([{ labels, annotations }]),
    headers: { "content-type": "application/json" },
  });
  await until(() => pagerDuty.requests > 0 && hook.received.length === 2, { patienceMs: 30_000 });
  const [slack] = hook.received.filter(({ path }) => path === "/chat.postMessage");
  assert.equal(slack?.headers.authorization, "Bearer xoxb-token");
  assert.match(slack?.body ?? "", /It is away\. https:\/\/example\.org\/database-down\.md/);
  assert.deepEqual(
    pagerDuty.events.map((event) => event.event_action),
    ["trigger"],
  );
});
