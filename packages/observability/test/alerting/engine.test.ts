import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { after, test } from "node:test";
import { type ManualClock, manualClock, systemClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { testDatabase, until } from "@rempart/testing";
import {
  type Alerting,
  type AlertingEvent,
  type AlertingOptions,
  createAlerting,
  type Evaluation,
  memoryAlertStore,
  type Notification,
  observabilityMigrations,
  postgresAlertStore,
} from "../../src/index.ts";
import type { Delivery } from "../../src/receivers/index.ts";
import { RULES } from "../fixtures/alerting-rules.ts";
import { httpReceiver } from "../fixtures/http-receiver.ts";

const MINUTE = 60_000;

interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly heard: Notification[];
  answer: (response: ServerResponse) => void;
}

async function startPeer(): Promise<Peer> {
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      peer.heard.push(body as Notification);
      peer.answer(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer: Peer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heard: [],
    answer: (response) => void response.end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return peer;
}

function engine(clock: ManualClock, peer: Peer, options: Partial<AlertingOptions> = {}): Alerting {
  return createAlerting({
    store: memoryAlertStore(clock),
    rules: RULES,
    routes: { receiver: "http", groupBy: ["alertname"], groupWaitMs: 0 },
    topology: {},
    receivers: [httpReceiver(peer.url, "test")],
    clock,
    random: systemRandom,
    log: silentLogger,
    everyMs: null,
    ...options,
  });
}

function seeing(rules: readonly string[], settled = true): Evaluation {
  const results = ["Urgent", "Notable"].map((rule) => ({
    rule,
    elements: rules.includes(rule) ? [{ labels: {}, value: 2 }] : [],
    settled,
  }));
  return { at: 0, results, failed: [], targets: [], series: 0, refused: 0, tookMs: 0 };
}

test("a receiver that hangs, fails and closes is told when it is back, and once", async () => {
  await using peer = await startPeer();
  const clock = manualClock(Date.now());
  const events: AlertingEvent[] = [];
  const alerting = engine(clock, peer, { attemptMs: 200, observe: (event) => void events.push(event) });
  const outcomes = (): string[] =>
    events.flatMap((event) => (event.kind === "delivery" ? [event.outcome] : []));
  const moods: ((response: ServerResponse) => void)[] = [
    () => {},
    (response) => void response.writeHead(500).end(),
    (response) => void response.destroy(),
    (response) => void response.end(),
  ];
  peer.answer = (response) => moods[Math.min(peer.heard.length, moods.length) - 1]?.(response);
  await alerting.take(seeing(["Urgent"]));
  // On a slow machine an attempt may have no answer in time which had one.
  for (let attempts = 1; !outcomes().includes("accepted"); attempts++) {
    await until(() => outcomes().length === attempts);
    clock.advance(MINUTE);
    await alerting.tick();
  }
  await alerting.stop();
  const [last, ...before] = outcomes().toReversed();
  assert.equal(last, "accepted");
  assert.ok(before.length >= 3 && before.every((outcome) => outcome === "retry"));
  assert.equal(new Set(peer.heard.map(({ id }) => id)).size, 1);
});

test("a receiver that hangs keeps no other waiting", async () => {
  await using slow = await startPeer();
  await using quick = await startPeer();
  slow.answer = () => {};
  const clock = manualClock(Date.now());
  const alerting = engine(clock, slow, {
    receivers: [httpReceiver(slow.url, "test"), { ...httpReceiver(quick.url, "test"), name: "quick" }],
    routes: { receiver: "http", groupWaitMs: 0, routes: [{ continue: true }, { receiver: "quick" }] },
    attemptMs: 60_000,
  });
  await alerting.take(seeing(["Urgent"]));
  await until(() => quick.heard.length === 1);
  assert.equal(slow.heard.length, 1);
});

test("a letter that is refused is a dead letter, which can be sent again", async () => {
  await using peer = await startPeer();
  const clock = manualClock(Date.now());
  let isFixed = false;
  const fixable = {
    name: "http",
    send: async () =>
      isFixed ? ({ kind: "accepted" } as const) : ({ kind: "refused", reason: "401" } as const),
  };
  const alerting = engine(clock, peer, { receivers: [fixable] });
  await alerting.take(seeing(["Urgent"]));
  await alerting.stop();
  const [letter] = await alerting.deadLetters();
  assert.equal(letter?.dead?.reason, "401");
  isFixed = true;
  assert.equal(await alerting.resend(letter?.id ?? ""), true);
  assert.deepEqual(await alerting.deadLetters(), []);
});

test("an explanation says which of all reasons holds an alert back, until when, and why another rule does not fire", async () => {
  await using peer = await startPeer();
  const clock = manualClock(Date.now());
  const explainRule = async () => ({
    promql: "level > 1",
    elements: [],
    omitted: 0,
    error: null,
    samples: [],
    parts: [],
  });
  const alerting = engine(clock, peer, { explainRule });
  const silence = { kind: "silence", where: { alertname: "Urgent" }, author: "ada", reason: "work" } as const;
  const past = { kind: "once", from: 0, to: clock.now() } as const;
  await assert.rejects(alerting.mute({ ...silence, when: past }), TypeError);
  await alerting.mute({
    ...silence,
    when: { kind: "once", from: clock.now(), to: clock.now() + MINUTE },
  });
  await alerting.take(seeing(["Urgent"]));
  const { alerts, evaluatedAt, isSettled } = await alerting.explain("Urgent");
  assert.deepEqual(
    [alerts[0]?.phase, alerts[0]?.holds[0]?.kind, evaluatedAt, isSettled],
    ["firing", "silence", 0, true],
  );
  assert.equal(alerts[0]?.groups[0]?.nextAt, null);
  const { lastFired } = await alerting.explain("Urgent");
  assert.deepEqual(lastFired, { at: clock.now(), text: "level > 1\n  nothing" });
  const quiet = await alerting.explain("Notable");
  assert.deepEqual(
    [quiet.rule, quiet.alerts, quiet.expression?.promql, quiet.lastFired],
    ["Notable", [], "level > 1", null],
  );
  assert.equal((await alerting.explain("Nonsense")).rule, null);
  clock.advance(2 * MINUTE);
  await alerting.tick();
  await alerting.tick();
  await alerting.stop();
  const {
    alerts: [told],
    events,
  } = await alerting.explain("Urgent");
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["told", "released", "held", "fired"],
  );
  assert.match(events[2]?.detail ?? "", /^silence of ada until .*: work$/);
  assert.deepEqual(told?.holds, []);
  assert.equal(typeof told?.groups[0]?.toldAt, "number");
  assert.equal(told?.groups[0]?.nextAt, (told?.groups[0]?.toldAt ?? 0) + 240 * MINUTE);
  assert.ok(await alerting.acknowledge(told?.fingerprint ?? "", "ada"));
  const [after] = (await alerting.explain(told?.fingerprint ?? "")).alerts;
  assert.deepEqual([after?.acknowledged?.by, after?.groups[0]?.nextAt], ["ada", null]);
});

test("an explanation says who has not taken what was told, why, and when it is tried again", async () => {
  await using peer = await startPeer();
  const clock = manualClock(Date.now());
  const answers: Delivery[] = [
    { kind: "retry", reason: "answered 429", afterMs: MINUTE },
    { kind: "refused", reason: "answered 410" },
  ];
  const moody = { name: "http", send: async () => answers.shift() ?? { kind: "accepted" as const } };
  const alerting = engine(clock, peer, { receivers: [moody] });
  const untaken = async () => (await alerting.explain("Urgent")).alerts[0]?.groups[0]?.untaken;
  await alerting.take(seeing(["Urgent"]));
  await until(async () => (await untaken())?.[0]?.reason === "answered 429");
  const [paused] = (await untaken()) ?? [];
  assert.equal(paused?.attempts, 1);
  assert.ok((paused?.nextAttemptAt ?? 0) >= clock.now() + MINUTE);
  clock.advance(2 * MINUTE);
  await alerting.tick();
  await until(async () => (await untaken())?.[0]?.nextAttemptAt === null);
  assert.deepEqual(await untaken(), [
    { receiver: "http", attempts: 2, reason: "answered 410", nextAttemptAt: null },
  ]);
  await alerting.resend((await alerting.deadLetters())[0]?.id ?? "");
  await alerting.tick();
  await until(async () => (await untaken())?.length === 0);
  await alerting.stop();
});

test("while the database is away what is critical is told, and the rest when it is back, each once", async () => {
  await using peer = await startPeer();
  const postgres = await testDatabase({ migrations: [observabilityMigrations] });
  const operator = await testDatabase({ migrations: [] });
  after(() => Promise.all([postgres.close(), operator.close()]));
  const name = new URL(postgres.url).pathname.slice(1);
  const clock = manualClock(Date.now());
  const away: boolean[] = [];
  const alerting = engine(clock, peer, {
    store: postgresAlertStore(postgres.database),
    observe: (event) => void (event.kind === "store" && away.push(event.isAway)),
  });
  await alerting.take(seeing([]));
  await operator.database.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  await operator.database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
    name,
  ]);
  await alerting.take(seeing(["Urgent", "Notable"]));
  await until(() => peer.heard.length === 1);
  assert.equal(peer.heard[0]?.alerts[0]?.name, "Urgent");
  assert.deepEqual(away, [true]);
  await operator.database.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  await until(async () => {
    clock.advance(3_000);
    await alerting.take(seeing(["Urgent", "Notable"]));
    return peer.heard.length > 1;
  });
  for (let turn = 0; turn < 5; turn++) await alerting.take(seeing(["Urgent", "Notable"]));
  await alerting.stop();
  assert.deepEqual(away, [true, false]);
  assert.deepEqual(
    peer.heard.map(({ alerts }) => alerts[0]?.name),
    ["Urgent", "Notable"],
  );
  const events = (await alerting.explain("Urgent")).events.map(({ kind }) => kind);
  assert.deepEqual(events, ["told", "fired"]);
});

test("an engine tells by itself what becomes due, and has ended when it is stopped", async () => {
  await using peer = await startPeer();
  const alerting = engine(manualClock(Date.now()), peer, {
    everyMs: 5,
    clock: systemClock,
    store: memoryAlertStore(systemClock),
    routes: { receiver: "http", groupWaitMs: 50 },
  });
  await alerting.take(seeing(["Urgent"]));
  assert.equal(peer.heard.length, 0);
  await until(() => peer.heard.length === 1);
  await alerting.stop();
  const { advancedAt } = await alerting.list();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await alerting.list()).advancedAt, advancedAt);
});

test("a route that names no receiver is refused at the start", () => {
  const peer = { url: "http://127.0.0.1:9/" } as Peer;
  const clock = manualClock(0);
  const routes = { receiver: "http", routes: [{ receiver: "nobody" }] };
  assert.throws(() => engine(clock, peer, { routes }), TypeError);
  assert.throws(() => engine(clock, peer, { routes: { receiver: "http", routes: [{}, {}] } }), TypeError);
  assert.throws(() => engine(clock, peer, { routes: { receiver: "http", repeatMs: 0 } }), TypeError);
});
