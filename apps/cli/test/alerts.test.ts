import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createMemoryReplayStore, createWebhookVerifier, hmacScheme } from "@rempart/edge";
import { systemClock, systemRandom, utf8 } from "@rempart/kernel";
import { messengerMigrations } from "@rempart/messenger-server/operator";
import { createAlerting, type Letter, postgresAlertStore, SHIPPED_GROUPS } from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { testDatabase } from "@rempart/testing";
import { ROUTING_KEY, startHook, startPagerDuty, startSlack } from "@rempart/testing/receivers";
import { rempart, workplace } from "./cli.ts";
import { here } from "./here.ts";

const KEY = Buffer.alloc(32, 5);
const pagerDuty = await startPagerDuty();
const slack = await startSlack();
const hook = await startHook();
const place = await workplace();
const fresh = await testDatabase({ migrations: messengerMigrations });
const store = postgresAlertStore(fresh.database);
after(async () => {
  await Promise.all([pagerDuty, slack, hook, place, fresh].map((one) => one[Symbol.asyncDispose]()));
});

const env = {
  ALERT_RECEIVERS: `pagerduty+${pagerDuty.url},team=slack:,siem=webhook+${hook.address}/alerts`,
  ALERT_RECEIVER_SECRETS: [
    `pagerduty=${ROUTING_KEY}`,
    `team=${slack.address}/services/T0/B0/revoked`,
    `siem=whsec_${KEY.toString("base64")}`,
  ].join(","),
  ALERT_LANGUAGE: "fr",
};

const tried = (...args: readonly string[]) => here(["alerts", "test", ...args], env, place.cwd);
const desk = async (...args: readonly string[]): Promise<string> => {
  const { code, out, said } = await here(["alerts", ...args], { DATABASE_URL: fresh.url }, place.cwd);
  return `${code} ${out}${said}`;
};

test("a test is triggered and resolved in PagerDuty, wakes nobody, and says what was answered", async () => {
  const { code, out } = await tried("pagerduty");
  assert.equal(code, 0);
  assert.match(out, /^firing: accepted after \d+ ms\nresolved: accepted after \d+ ms\n$/);
  assert.deepEqual([...pagerDuty.alerts.values()], ["resolved"]);
  const payload = pagerDuty.events[0]?.payload;
  assert.equal(payload?.severity, "info");
  assert.equal(payload?.summary, "[TEST, information] NotificationTest (alerting)");
});

test("a webhook's test is what this project's own edge accepts, once", async () => {
  const { code, out } = await tried("siem", "--json");
  assert.equal(code, 0);
  assert.deepEqual(
    JSON.parse(out).trials.map(({ status }: { status: string }) => status),
    ["firing", "resolved"],
  );
  const clock = systemClock;
  const replays = createMemoryReplayStore({ clock });
  const verifier = createWebhookVerifier({ scheme: hmacScheme(), secrets: [KEY], clock, replays });
  const stranger = createWebhookVerifier({
    scheme: hmacScheme(),
    secrets: [Buffer.alloc(32, 6)],
    clock,
    replays: createMemoryReplayStore({ clock }),
  });
  assert.equal(hook.received.length, 2);
  for (const { headers, body } of hook.received) {
    const read = (name: string) => headers[name]?.toString();
    assert.deepEqual(await stranger.verify(read, utf8(body)), { kind: "refused", reason: "signature" });
    assert.equal((await verifier.verify(read, utf8(body))).kind, "accepted");
    assert.deepEqual(await verifier.verify(read, utf8(body)), { kind: "refused", reason: "replayed" });
    assert.equal((await verifier.verify(read, utf8(`${body} `))).kind, "refused");
    assert.equal(JSON.parse(body).data.occasion, "test");
  }
});

test("a receiver that refuses is told so, without its address, and the exit code is 1", async () => {
  const { code, out, said } = await tried("team");
  assert.equal(code, 1);
  assert.match(out, /^firing: refused after \d+ ms: answered 403: invalid_token\n$/);
  assert.doesNotMatch(out + said, /revoked/);
});

test("a receiver that is busy is told so, with the pause that it asks for", async () => {
  Object.assign(hook, { fault: "throttled", spoils: 1 });
  const { code, out } = await tried("siem");
  assert.equal(code, 1);
  assert.match(out, /^firing: not taken now after \d+ ms: answered 429; it asks to be left alone for 7 s\n$/);
});

test("an unknown receiver is told those that there are, and the process ends with 1", async () => {
  const cli = rempart(["alerts", "test", "nobody"], { cwd: place.cwd, env });
  assert.equal(await cli.ended, 1);
  assert.match(cli.said(), /ALERT_RECEIVERS has: log, pagerduty, team, siem/);
});

test("what no receiver took is listed, sent again once, and dropped", async () => {
  const ids = ["01", "02"];
  await store.update((held) => ({
    held: { ...held, letters: new Map(ids.map((id) => [id, deadLetter(id)])) },
    answer: null,
  }));
  const ran = (...args: readonly string[]) => desk("dead-letters", ...args);
  assert.match(await ran(), /^0 ID .*\n01 .* team +new +DiskSpaceLow \+2 +answered 404\n02 /);
  assert.equal(await ran("--retry", "01"), "0 01 is sent again\n");
  const again = await store.update((held) => ({ held, answer: held.letters.get("01") }));
  assert.deepEqual([again?.dead, again?.attempts], [null, 0]);
  assert.equal(await ran("--retry", "01"), "1 there is no dead letter 01\n");
  assert.equal(await ran("--discard", "02"), "0 02 is dropped\n");
  assert.equal(await ran(), "0 every notification was taken\n");
});

test("what fires is listed, explained, silenced and acknowledged, and who did so is recorded", async () => {
  const [rule] = SHIPPED_GROUPS.flatMap(({ rules }) => rules).filter(({ name }) => name === "DiskSpaceLow");
  assert.ok(rule !== undefined);
  const alerting = createAlerting({
    store,
    rules: [{ name: "one", rules: [rule] }],
    routes: { receiver: "none" },
    topology: {},
    receivers: [{ name: "none", send: async () => ({ kind: "accepted" }) }],
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    everyMs: null,
  });
  const elements = [{ labels: { mountpoint: "/data\u009b2J\u001b[2J" }, value: 0.05 }];
  await store.keepReason(rule.name, { at: 0, text: "a part\n  another\u009b2J" });
  const rest = { failed: [], targets: [], series: 0, refused: 0, tookMs: 0 };
  await alerting.take({ at: 0, results: [{ rule: rule.name, elements, settled: true }], ...rest });
  const pending = /DiskSpaceLow +warning +pending, fires (\S+) +(\S+)/.exec(await desk("list")) ?? [];
  const [firesAt = "", since = ""] = pending.slice(1);
  assert.equal(Date.parse(firesAt) - Date.parse(since), rule.forMs);
  await store.update((held) => {
    const alerts = [...held.state.alerts].map(
      ([key, one]) => [key, { ...one, firingAt: one.seenSince }] as const,
    );
    return { held: { ...held, state: { ...held.state, alerts: new Map(alerts) } }, answer: null };
  });
  const silence = [
    "silence",
    "alertname=DiskSpaceLow",
    "mountpoint^=/da",
    "--for",
    "2h",
    "--reason",
    "resizing",
  ];
  const silenced = await desk(...silence);
  const [, id = ""] = /^0 ([0-9a-f-]{36}): /.exec(silenced) ?? [];
  assert.ok(id !== "", silenced);
  const listed = await desk("list");
  assert.match(listed, /DiskSpaceLow +warning +firing .* silence +mountpoint=\/data/);
  assert.match(listed, /alertname=DiskSpaceLow mountpoint\^=\/da +resizing/);
  const explained = await desk("explain", "DiskSpaceLow");
  assert.match(explained, /held back: silence of .*: resizing/);
  assert.match(explained, /node_filesystem_avail_bytes/);
  assert.match(explained, /^ {2}another/m);
  for (const text of [listed, explained])
    assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u, "no label commands the terminal");
  const [fingerprint = ""] = (await alerting.list()).alerts.map((one) => one.fingerprint);
  assert.match(await desk("acknowledge", fingerprint), /^0 .* is acknowledged/);
  assert.match(await desk("unsilence", id), /^0 .* is over/);
  const window = ["maintenance", "component=host", "--weekly", "sun 02:30", "--time-zone", "Europe/Paris"];
  assert.match(
    await desk(...window, "--for", "1h", "--reason", "updates"),
    /^0 .*: every Sunday 02:30 Europe\/Paris for 60 minutes/,
  );
  assert.match(
    await desk("explain", "BackupFailed"),
    /^0 BackupFailed, critical, about backup: (?:.|\n)*does not fire/,
  );
  const recorded = await fresh.database.query<{ event_type: string }>(
    "SELECT event_type FROM audit_entries WHERE event_type LIKE 'admin.operation.%' ORDER BY created_at",
  );
  assert.deepEqual(
    recorded.map(({ event_type }) => event_type.slice("admin.operation.".length)),
    ["create", "update", "delete", "create"],
  );
});

function deadLetter(id: string): Letter {
  const alert = {
    name: "DiskSpaceLow",
    fingerprint: "f",
    state: "firing",
    severity: "warning",
    component: "host",
    labels: {},
    value: 0.05,
    summary: "Less than a tenth of the disk is free.",
    runbook: "disk-space-low",
    firingSince: 0,
    resolvedAt: null,
  } as const;
  const notification = {
    id,
    receiver: "team",
    groupKey: "k",
    groupLabels: {},
    occasion: "new",
    status: "firing",
    severity: "warning",
    alerts: [alert],
    omitted: 2,
    at: 0,
  } as const;
  const dead = { at: 1_790_000_000_000, reason: "answered 404" };
  return {
    id,
    notification,
    attempts: 3,
    firstAttemptAt: 0,
    nextAttemptAt: 0,
    pausedUntil: null,
    lease: null,
    dead,
  };
}
