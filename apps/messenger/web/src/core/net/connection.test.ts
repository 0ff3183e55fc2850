import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemRandom, unsafeSeededRandom } from "@rempart/kernel";
import { CLOSE } from "@rempart/messaging/contract";
import fc from "fast-check";
import type { Connection as State } from "../../client/api.ts";
import type { SocketEvents } from "../ports.ts";
import { backoff } from "./backoff.ts";
import { createConnection, parseFrame } from "./connection.ts";

const READY = JSON.stringify({
  t: "ready",
  userId: "01890000-0000-7000-8000-000000000000",
  deviceId: "01890000-0000-7000-8000-000000000000",
  incarnation: 1,
  serverTime: 1,
  heartbeatMs: 1000,
});

/** A world in which nothing happens by itself. */
function world() {
  const sockets: { events: SocketEvents; sent: string[]; closed: boolean }[] = [];
  const timers: { at: number; work: () => void }[] = [];
  const states: State[] = [];
  const refusals: string[] = [];
  const clock = manualClock();
  let network = (_online: boolean): void => undefined;
  const connection = createConnection(
    {
      clock,
      random: unsafeSeededRandom(1),
      report: () => undefined,
      onNetwork(changed) {
        network = changed;
        return () => undefined;
      },
      timers: {
        after(milliseconds, work) {
          const timer = { at: clock.monotonic() + milliseconds, work };
          timers.push(timer);
          return () => void timers.splice(timers.indexOf(timer), 1);
        },
      },
      openSocket(_path, events) {
        const socket = { events, sent: [] as string[], closed: false };
        sockets.push(socket);
        return {
          send: (text) => void socket.sent.push(text),
          close() {
            socket.closed = true;
            events.closed(1006);
          },
        };
      },
    },
    "/ws",
    {
      frame: () => undefined,
      state: (state) => void states.push(state),
      refused: (reason) => void refusals.push(reason),
    },
  );
  const pass = (milliseconds: number): void => {
    clock.advance(milliseconds);
    for (const timer of timers.filter(({ at }) => at <= clock.monotonic())) {
      timers.splice(timers.indexOf(timer), 1);
      timer.work();
    }
  };
  return {
    connection,
    sockets,
    timers,
    states,
    refusals,
    pass,
    network: (online: boolean) => network(online),
  };
}

test("it connects again after every loss, later each time, and at once when the machine is back online", () => {
  const { connection, sockets, states, pass, network } = world();
  connection.start();
  sockets[0]?.events.closed(1006);
  assert.equal(states.at(-1)?.status, "offline");
  pass(30_000);
  assert.equal(sockets.length, 2);
  sockets[1]?.events.closed(1006);
  network(true);
  assert.equal(sockets.length, 3);
  sockets[2]?.events.received(READY);
  assert.deepEqual(states.at(-1), { status: "online", retryAt: null });
  assert.equal(connection.send({ t: "ping" }), true);
});

test("a socket that falls silent for two heartbeats is given up", () => {
  const { connection, sockets, pass } = world();
  connection.start();
  sockets[0]?.events.received(READY);
  pass(1999);
  assert.equal(sockets[0]?.closed, false);
  sockets[0]?.events.received('{"t":"pong"}');
  pass(1999);
  assert.equal(sockets[0]?.closed, false);
  pass(2);
  assert.equal(sockets[0]?.closed, true);
});

test("off the network, the connection counts as lost at once, whatever the socket still believes", () => {
  const { connection, sockets, states, network } = world();
  connection.start();
  sockets[0]?.events.received(READY);
  network(false);
  assert.equal(states.at(-1)?.status, "offline");
  assert.equal(sockets[0]?.closed, true);
  sockets[0]?.events.received(READY);
  assert.equal(states.at(-1)?.status, "offline");
  network(true);
  assert.equal(sockets.length, 2);
});

test("a refused device or session is not tried again", () => {
  for (const [code, reason] of [
    [CLOSE.deviceRevoked, "device-revoked"],
    [CLOSE.unauthenticated, "unauthenticated"],
  ] as const) {
    const { connection, sockets, timers, refusals } = world();
    connection.start();
    sockets[0]?.events.closed(code);
    assert.deepEqual(refusals, [reason]);
    assert.equal(timers.length, 0);
    connection.reconnect();
    assert.equal(sockets.length, 1);
  }
});

test("nothing is heard from a stopped connection, and no timer is left", () => {
  const { connection, sockets, timers, states } = world();
  connection.start();
  connection.stop();
  const before = states.length;
  sockets[0]?.events.received(READY);
  assert.equal(states.length, before);
  assert.equal(timers.length, 0);
  assert.equal(connection.send({ t: "ping" }), false);
});

test("whatever a socket brings, it is a known frame or nothing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), (data) => {
      const frame = parseFrame(data);
      assert.ok(frame === null || typeof frame.t === "string");
    }),
  );
  assert.equal(parseFrame(JSON.stringify({ t: "pong", more: 1 })), null);
  assert.equal(parseFrame(`${" ".repeat(5_000_000)}{"t":"pong"}`), null);
});

test("waiting grows to a bound, never vanishes, and differs between clients", () => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const wait = backoff(attempt, systemRandom);
    assert.ok(wait >= 50 && wait <= 30_000, `${attempt}: ${wait}`);
  }
  const waits = new Set(Array.from({ length: 20 }, () => backoff(8, systemRandom)));
  assert.ok(waits.size > 1);
});
