/** Receivers that hang, lie and fail, and a process that dies while it sends: whoever is to be told is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WATCHDOG } from "@rempart/observability";
import { until } from "@rempart/testing";
import { startHook } from "@rempart/testing/receivers";
import type { Messenger } from "../src/index.ts";
import { type AlertReceiver, type Mood, startAlertReceiver, type Told } from "./support/alert-receiver.ts";
import { testMessenger } from "./support/server.ts";
import { startServerProcess } from "./support/server-process.ts";
import { watchedMessenger } from "./support/watched.ts";

/** Tells at the next look. */
async function inject(url: string): Promise<void> {
  await fetch(`${url}/api/v1/users?q=${encodeURIComponent("' OR 1=1; DROP TABLE users --")}`);
}

/** A machine that is busy may have more to tell of than what was injected. */
function toldOfInjection({ told }: AlertReceiver): Told[] {
  return told.filter(({ alerts }) => alerts.some(({ name }) => name === "InjectionAttempt"));
}

/** Of the attempts to tell that it is new, in a mood or in any. */
function idsOf(receiver: AlertReceiver, mood?: Mood): string[] {
  const attempts = toldOfInjection(receiver).filter(({ occasion }) => occasion === "new");
  return attempts.filter((one) => mood === undefined || one.mood === mood).map(({ id }) => id);
}

async function waitingIn({ adminUrl }: Messenger): Promise<string | undefined> {
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  return /^queue_messages\{queue="notifications"\} (\d+)$/m.exec(page)?.[1];
}

for (const mood of ["hang", "lie", "fail"] as const satisfies readonly Mood[]) {
  test(`a receiver that would ${mood} is told again under the same id, and keeps nobody else waiting`, async () => {
    await using other = await startAlertReceiver("other");
    await using watched = await watchedMessenger({ env: { ALERT_TIMEOUT: "3" }, beside: other });
    const { server, watch, receiver, told } = watched;
    receiver.mood = mood;
    await watch.pass(2);
    await inject(server.publicUrl);
    await told("InjectionAttempt", "firing");
    await other.hears("InjectionAttempt", "firing");
    // What was taken leaves the queue after its answer.
    await until(async () => (await waitingIn(server)) === "1");
    receiver.mood = "accept";
    await until(async () => {
      await watch.pass(0.5, 0.5);
      return idsOf(receiver).length > 1;
    });
    assert.equal(new Set(idsOf(receiver)).size, 1);
    assert.equal(new Set(idsOf(other)).size, 1);
    await told("InjectionAttempt", "resolved", { most: 120 });
  });
}

test("what nobody acknowledges goes on to the next ones, once, who hear of its end too", async () => {
  await using other = await startAlertReceiver("other");
  await using watched = await watchedMessenger({ env: { ALERT_ESCALATION: "other=15" }, beside: other });
  const { server, watch, told } = watched;
  await watch.pass(2);
  await inject(server.publicUrl);
  await told("InjectionAttempt", "firing");
  const keep = { each: () => inject(server.publicUrl) };
  for (let minute = 0; minute < 20; minute++) {
    await keep.each();
    await watch.pass(1);
  }
  await other.hears("InjectionAttempt", "firing");
  await told("InjectionAttempt", "resolved", { most: 120 });
  await other.hears("InjectionAttempt", "resolved");
  assert.deepEqual(
    toldOfInjection(other).map(({ occasion }) => occasion),
    ["escalated", "resolved"],
  );
});

test("a dead man's switch hears that the messenger watches, and people hear nothing of it", async () => {
  await using hook = await startHook();
  await using receiver = await startAlertReceiver();
  const env = {
    ...receiver.env,
    ALERT_RECEIVERS: `${receiver.env.ALERT_RECEIVERS},switch=heartbeat+${hook.address}/beat`,
    ALERT_GROUP_WAIT: "0",
    ALERT_HEARTBEAT_INTERVAL: "10",
    MONITOR_ENABLED: "true",
    MONITOR_INTERVAL: "1",
  };
  await using messenger = await testMessenger({ env });
  await until(() => hook.received.length > 0);
  assert.equal(hook.received[0]?.path, "/beat");
  await inject(messenger.publicUrl);
  await receiver.hears("InjectionAttempt", "firing");
  assert.ok(!receiver.wasTold(WATCHDOG, "firing"));
  const page = await (await fetch(`${messenger.adminUrl}/metrics`)).text();
  assert.match(page, /^alert_deliveries_total\{receiver="switch",outcome="accepted"\} \d+$/m);
});

test("what a process was sending when it was killed is sent by another one, as the same", async () => {
  await using receiver = await startAlertReceiver();
  const env = {
    ...receiver.env,
    MONITOR_ENABLED: "true",
    MONITOR_INTERVAL: "1",
    ALERT_GROUP_WAIT: "0",
    ALERT_TIMEOUT: "1",
  };
  await using survivor = await testMessenger({ env });
  await using killed = await startServerProcess(survivor.env);
  receiver.mood = "hang";
  await until(async () => {
    await inject(killed.url);
    return idsOf(receiver).length > 0;
  });
  await killed.end();
  receiver.mood = "accept";
  await until(() => idsOf(receiver, "accept").length > 0);
  // A second letter of it would wait with the others. An answer that is late costs another attempt with this one.
  await until(async () => (await waitingIn(survivor)) === "0");
  assert.equal(new Set(idsOf(receiver)).size, 1, "a receiver can tell that it is the same");
});
