import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyLogAnswer } from "@rempart/messaging/contract";
import { until as untilTrue } from "@rempart/testing";
import type { KeyAlert } from "../src/client/api.ts";
import type { CorePorts } from "../src/core/ports.ts";
import { anotherDevice, arrive, done, type Person, ready } from "./support/person.ts";
import { serverOfTests, startServer } from "./support/server.ts";
import { until } from "./support/until.ts";

const KEY_LOG = "/api/v1/account/key-log";

const server = await serverOfTests();

/** How long the watch waits for the log, and between its rounds. */
const HURRIED = new Set([1_000, 1_500, 2_500, 5_000, 10_000, 20_000, 600_000]);
const HURRIED_MS = 50;

type Lie = (answer: KeyLogAnswer) => KeyLogAnswer;

interface LiarState {
  lie: Lie;
  /** Answers that were given. */
  asked: number;
  /** Events that the browser has proven and kept: it asks for those after them. */
  followed: number;
}

/** A server that tells something else than its log, from when it is told to. */
function liar() {
  const state: LiarState = { lie: (answer) => answer, asked: 0, followed: 0 };
  const change = (ports: CorePorts): CorePorts => ({
    ...ports,
    timers: {
      after: (milliseconds, work) =>
        ports.timers.after(HURRIED.has(milliseconds) ? HURRIED_MS : milliseconds, work),
    },
    async fetch(path, init) {
      if (!path.startsWith(KEY_LOG)) return ports.fetch(path, init);
      const response = await integrated(() => ports.fetch(path, init));
      if (response.status !== 200) return response;
      state.followed = Number(new URL(path, server.url()).searchParams.get("after"));
      state.asked += 1;
      return Response.json(state.lie((await response.json()) as KeyLogAnswer));
    },
  });
  return { state, change };
}

/** The log takes its second, or longer on a busy machine: a watch in a hurry would take it for one that withholds. */
async function integrated(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const response = await ask();
    if (response.status !== 200) return response;
    const { events } = (await response.clone().json()) as KeyLogAnswer;
    if (events.every(({ place }) => place !== null)) return response;
    await sleep(HURRIED_MS);
  }
}

function alerted(person: Pick<Person, "client">, type: KeyAlert["type"]): Promise<readonly KeyAlert[]> {
  return until(person.client.keyAlerts, (alerts) => alerts.some((alert) => alert.type === type), type);
}

function reached(state: LiarState, asked: number): Promise<void> {
  return untilTrue(() => state.asked >= asked);
}

/** A person whose browser has followed its log once, at an honest server. */
async function settled() {
  const { state, change } = liar();
  const person = await arrive(server.url, "Ada", { change });
  await untilTrue(() => state.followed > 0);
  assert.deepEqual(person.client.keyAlerts.get(), []);
  return { person, state };
}

function reasonOf(alerts: readonly KeyAlert[]): string | undefined {
  return alerts.find((alert) => alert.type === "log-untrusted")?.reason;
}

describe("following one's own key log", { concurrency: true }, () => {
  test("one's first device is no news; another one is, until its owner says so or removes it", async () => {
    const { person } = await settled();
    const second = await anotherDevice(person, server.url);
    const [alert] = await alerted(person, "new-device");
    assert.ok(alert?.type === "new-device" && alert.name === "Node");
    done(await person.client.acknowledgeDevice(alert.deviceId));
    await until(person.client.keyAlerts, (alerts) => alerts.length === 0, "no alert");
    await second.close();

    const third = await anotherDevice(person, server.url);
    const [intruder] = await alerted(person, "new-device");
    assert.ok(intruder?.type === "new-device" && intruder.deviceId !== alert.deviceId);
    done(await person.client.revokeDevice(intruder.deviceId));
    await until(person.client.keyAlerts, (alerts) => alerts.length === 0, "no alert");
    await until(third.client.app, ({ phase }) => phase === "signed-out", "the removed device's end");
  });

  test("a device that acts for the account and is kept out of its log is told of, for as long as it is", async () => {
    const { person, state } = await settled();
    state.lie = (answer) => ({ ...answer, events: answer.events.filter(({ number }) => number < 2) });
    const second = await anotherDevice(person, server.url);
    assert.equal(reasonOf(await alerted(person, "log-untrusted")), "withheld");
    await second.close();
    // Told later, it stands below a head that was shown without it.
    const asked = state.asked;
    state.lie = (answer) => answer;
    await reached(state, asked + 1);
    // It waits for its turn: the answer was judged when it is done.
    done(await person.client.acknowledgeDevice(randomUUID()));
    assert.equal(reasonOf(person.client.keyAlerts.get()), "withheld");
  });

  const LIES: readonly (readonly [string, string, Lie])[] = [
    [
      "a shorter log than was seen",
      "forked",
      (answer) => ({ ...answer, head: { ...answer.head, consistency: [] } }),
    ],
    [
      "a head that another key signed",
      "bad-signature",
      (answer) => ({
        ...answer,
        head: { ...answer.head, checkpoint: answer.head.checkpoint.replace(/.{8}\n$/, "AAAAAA==\n") },
      }),
    ],
    [
      "an event that says something else than its leaf",
      "bad-proof",
      (answer) => ({
        ...answer,
        events: answer.events.map((event) => ({ ...event, body: event.body.replace("added", "revoked") })),
      }),
    ],
    [
      "an event without the one before it",
      "withheld",
      (answer) => ({
        ...answer,
        events: answer.events.map((event) => ({ ...event, number: event.number + 1 })),
      }),
    ],
  ];

  for (const [what, reason, lie] of LIES)
    test(`${what} ends the trust in the log, over a restart too, until its owner trusts it anew`, async () => {
      const { person, state } = await settled();
      state.lie = (answer) =>
        answer.events.length === 0 && reason !== "bad-signature" ? answer : lie(answer);
      if (reason === "forked") state.lie = lie;
      const second = await anotherDevice(person, server.url);
      await second.close();
      const alerts = await alerted(person, "log-untrusted");
      assert.equal(reasonOf(alerts), reason);
      state.lie = (answer) => answer;
      await person.close();
      const again = await person.profile.open();
      await ready(again);
      assert.equal(reasonOf(await alerted(again, "log-untrusted")), reason);
      done(await again.client.trustKeyLog());
      const told = await alerted(again, "new-device");
      assert.equal(reasonOf(told), undefined);
    });

  test("another installation's log, honest as it is, is not the one that this browser follows", async () => {
    const other = await startServer();
    try {
      const { person, state } = await settled();
      const elsewhere = liar();
      let foreign: KeyLogAnswer | undefined;
      elsewhere.state.lie = (answer) => {
        if (answer.events.length > 0) foreign ??= answer;
        return answer;
      };
      const eve = await arrive(other.url, "Eve", { change: elsewhere.change });
      await untilTrue(() => foreign !== undefined);
      await eve.close();
      const told = foreign;
      assert.ok(told);
      state.lie = () => told;
      assert.equal(reasonOf(await alerted(person, "log-untrusted")), "bad-signature");
      await person.close();
    } finally {
      await other.stop();
    }
  });
});
