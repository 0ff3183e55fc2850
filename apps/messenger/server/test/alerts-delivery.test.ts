/** Receivers that hang, lie and fail, and a process that dies while it sends: whoever is to be told is told. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { WATCHDOG } from "@rempart/observability";
import { freePort, until } from "@rempart/testing";
import { startHook } from "@rempart/testing/receivers";
import { type AlertReceiver, type Mood, startAlertReceiver } from "./support/alert-receiver.ts";
import { testMessenger } from "./support/server.ts";
import { watchedMessenger } from "./support/watched.ts";

const SERVE = fileURLToPath(new URL("support/serve.ts", import.meta.url));

/** Tells at the next look. */
async function inject(url: string): Promise<void> {
  await fetch(`${url}/api/v1/users?q=${encodeURIComponent("' OR 1=1; DROP TABLE users --")}`);
}

function idsOf({ told }: AlertReceiver): string[] {
  return told.filter(({ occasion }) => occasion === "new").map(({ id }) => id);
}

for (const mood of ["hang", "lie", "fail"] as const satisfies readonly Mood[]) {
  test(`a receiver that would ${mood} is told again under the same id, and keeps nobody else waiting`, async () => {
    await using other = await startAlertReceiver("other");
    await using watched = await watchedMessenger({ env: { ALERT_TIMEOUT: "1" }, beside: other });
    const { server, watch, receiver, told } = watched;
    receiver.mood = mood;
    await watch.pass(2);
    await inject(server.publicUrl);
    await told("InjectionAttempt", "firing");
    await other.hears("InjectionAttempt", "firing");
    const page = await (await fetch(`${server.adminUrl}/metrics`)).text();
    assert.match(page, /^queue_messages\{queue="notifications"\} 1$/m);
    receiver.mood = "accept";
    await until(async () => {
      await watch.pass(0.5, 0.5);
      return idsOf(receiver).length > 1;
    });
    assert.equal(new Set(idsOf(receiver)).size, 1);
    assert.deepEqual(idsOf(other).length, 1);
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
    other.told.map(({ occasion }) => occasion),
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

async function serve(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [SERVE], { env, stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return child;
}

test("what a process was sending when it was killed is sent by another one, once more at most", async () => {
  await using receiver = await startAlertReceiver();
  const env = {
    ...receiver.env,
    MONITOR_ENABLED: "true",
    MONITOR_INTERVAL: "1",
    ALERT_GROUP_WAIT: "0",
    ALERT_TIMEOUT: "1",
  };
  await using survivor = await testMessenger({ env });
  const port = String(await freePort());
  const killed = await serve({ ...process.env, ...survivor.env, PORT: port });
  receiver.mood = "hang";
  await until(async () => {
    await inject(`http://127.0.0.1:${port}`);
    return receiver.told.length > 0;
  });
  killed.kill("SIGKILL");
  await once(killed, "exit");
  receiver.mood = "accept";
  await until(() => idsOf(receiver).length > 1, { patienceMs: 20_000 });
  assert.equal(idsOf(receiver).length, 2);
  assert.equal(new Set(idsOf(receiver)).size, 1, "a receiver can tell that it is the same");
});
