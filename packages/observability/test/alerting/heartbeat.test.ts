/** A dead man's switch hears of us while rules are evaluated, kept and told: whatever of that stops, the beat stops. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { type ManualClock, manualClock } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import { openDatabase, testDatabase, until } from "@rempart/testing";
import { startHook, type TestHook } from "@rempart/testing/receivers";
import {
  type AlertStore,
  gaugeOf,
  memoryAlertStore,
  type Notification,
  observabilityMigrations,
  overTime,
  postgresAlertStore,
  shippedMetrics,
  WATCHDOG,
} from "../../src/index.ts";
import { heartbeat } from "../../src/receivers/heartbeat.ts";
import { startWatch, type Watch } from "../fixtures/watchdog.ts";

const postgres = await testDatabase({ migrations: [observabilityMigrations] });
after(() => postgres.close());

const MINUTE = 60_000;

interface Watched extends AsyncDisposable {
  readonly hook: TestHook;
  readonly watch: Watch;
  readonly clock: ManualClock;
  /** Evaluates a minute later. */
  look(): Promise<void>;
}

async function watched(storeOf: (clock: ManualClock) => AlertStore = memoryAlertStore): Promise<Watched> {
  const hook = await startHook();
  const clock = manualClock(Date.now());
  const watch = startWatch({
    url: `${hook.address}/beat`,
    store: storeOf(clock),
    clock,
    beatMs: MINUTE,
    everyMs: null,
  });
  return {
    hook,
    watch,
    clock,
    async look() {
      clock.advance(MINUTE);
      await watch.look();
    },
    async [Symbol.asyncDispose]() {
      await watch.monitor[Symbol.asyncDispose]();
      await watch.alerting.stop();
      await hook[Symbol.asyncDispose]();
    },
  };
}

/** So many beats were heard, one after the other. */
async function beats({ hook, look }: Watched, count: number): Promise<void> {
  for (let heard = hook.received.length, more = 1; more <= count; more++) {
    await look();
    await until(() => hook.received.length === heard + more);
  }
}

/** Nothing is heard whatever time passes and whatever was under way. */
async function isSilent({ hook, watch, clock }: Watched): Promise<void> {
  const heard = hook.received.length;
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(MINUTE);
    await watch.alerting.tick();
  }
  await watch.alerting.stop();
  assert.equal(hook.received.length, heard);
}

test("a heartbeat is heard once in each of its intervals, and is no alert", async () => {
  await using one = await watched();
  await beats(one, 3);
  await one.watch.look();
  await one.watch.alerting.stop();
  const [{ path, body } = { path: "", body: "" }] = one.hook.received;
  assert.equal(one.hook.received.length, 3, "an evaluation within the interval is no beat");
  assert.equal(path, "/beat");
  assert.equal(JSON.parse(body).type, "heartbeat");
  const { alerts, events, rule } = await one.watch.alerting.explain(WATCHDOG);
  assert.deepEqual({ alerts, events, rule }, { alerts: [], events: [], rule: WATCHDOG });
});

test("silences and maintenance do not keep a heartbeat from being heard", async () => {
  await using one = await watched();
  const when = { kind: "once", from: 0, to: Date.now() + 1_000 * MINUTE } as const;
  for (const kind of ["silence", "maintenance"] as const)
    await one.watch.alerting.mute({
      kind,
      where: { alertname: WATCHDOG },
      author: "a",
      reason: "by accident",
      when,
    });
  await beats(one, 2);
});

test("a monitor that hangs stops the beat", async () => {
  await using one = await watched(() => postgresAlertStore(postgres.database));
  await beats(one, 2);
  const each = { window: "4w", step: "1s" } as const;
  const endless = overTime("max", overTime("max", gaugeOf(shippedMetrics.up), each), each);
  const questions = [one.watch.monitor.query(endless), one.watch.monitor.tick()];
  await isSilent(one);
  await one.watch.monitor[Symbol.asyncDispose]();
  await Promise.allSettled(questions);
});

test("a database that is gone stops the beat, and one that is back lets it go on", async () => {
  const database = openDatabase(postgres.url);
  let store = postgresAlertStore(database);
  await using one = await watched(() => ({ ...store, update: (work) => store.update(work) }));
  await beats(one, 2);
  await database.close();
  const heard = one.hook.received.length;
  await one.look();
  await one.look();
  assert.equal(one.hook.received.length, heard);
  store = postgresAlertStore(postgres.database);
  await until(async () => {
    await one.look();
    return one.hook.received.length > heard;
  });
});

async function start(url: string): Promise<ChildProcess> {
  const child = fork(new URL("../fixtures/watchdog-process.ts", import.meta.url), [postgres.url, url]);
  after(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

test("a process that is stopped beats no more, and goes on when it does", async () => {
  await using stopped = await startHook();
  await using running = await startHook();
  const child = await start(stopped.address);
  await start(running.address);
  const hearsMore = async ({ received }: TestHook, count: number): Promise<void> => {
    const heard = received.length;
    await until(() => received.length >= heard + count);
  };
  await Promise.all([hearsMore(stopped, 2), hearsMore(running, 2)]);
  child.kill("SIGSTOP");
  // What was on its way is heard.
  await hearsMore(running, 2);
  const heard = stopped.received.length;
  await hearsMore(running, 5);
  assert.equal(stopped.received.length, heard);
  child.kill("SIGCONT");
  await hearsMore(stopped, 2);
});

test("a beat that was not taken is not sent later, and is no dead letter", async () => {
  await using one = await watched(memoryAlertStore);
  for (const fault of ["failing", "denied"] as const) {
    one.hook.fault = fault;
    const { requests } = one.hook;
    await one.look();
    await until(() => one.hook.requests > requests);
  }
  one.hook.fault = "none";
  await isSilent(one);
  assert.deepEqual(await one.watch.alerting.deadLetters(), []);
});

test("an alert that is routed to a heartbeat is refused, and sounds like no beat", async () => {
  await using hook = await startHook();
  const clock = manualClock(Date.now());
  const receiver = heartbeat("switch", { url: new Secret(hook.address), source: "shop.example", clock });
  const alert = { occasion: "new", status: "firing", at: clock.now() } as Notification;
  const delivery = await receiver.send(alert, AbortSignal.timeout(1_000));
  assert.equal(delivery.kind, "refused");
  assert.equal(hook.requests, 0);
});
