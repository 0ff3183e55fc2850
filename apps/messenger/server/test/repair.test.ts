import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemClock } from "@rempart/kernel";
import { CLOSE, type ServerFrame } from "@rempart/messaging/contract";
import { silentLogger } from "@rempart/runtime";
import type { Bus } from "../src/bus/bus.ts";
import { MemoryNetwork } from "../src/bus/memory.ts";
import type { Connection } from "../src/delivery/connection.ts";
import { Heartbeat } from "../src/delivery/heartbeat.ts";
import { Hub } from "../src/delivery/hub.ts";
import { Presence } from "../src/delivery/presence.ts";
import { Repair } from "../src/delivery/repair.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

/** What a socket was told, without a socket: the frames are the real ones, read back. */
class Told {
  readonly frames: ServerFrame[] = [];
  closedWith: number | null = null;
  heard = true;
  slot = 0;
  watched: readonly string[] = [];
  readonly userId: string;
  readonly deviceId: string;
  readonly sessionId = "session";
  sessionExpiresAt = Number.MAX_SAFE_INTEGER;
  pings = 0;

  constructor(userId: string, deviceId: string) {
    this.userId = userId;
    this.deviceId = deviceId;
  }

  get open(): boolean {
    return this.closedWith === null;
  }

  write(frame: Buffer): void {
    const header = frame[1] === 126 ? 4 : frame[1] === 127 ? 10 : 2;
    this.frames.push(JSON.parse(frame.subarray(header).toString()));
  }

  send(frame: ServerFrame): void {
    this.frames.push(frame);
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number): void {
    this.closedWith = code;
  }

  terminate(): void {
    this.closedWith = 1006;
  }

  take(): ServerFrame["t"][] {
    return this.frames.splice(0).map((frame) => frame.t);
  }
}

const asConnection = (told: Told): Connection => told as unknown as Connection;

/** Another process on the same database, cut off from every hint. */
function cutOff(database: ConstructorParameters<typeof Repair>[1]) {
  const hub = new Hub({ database, bus: new MemoryNetwork().join(), log: silentLogger });
  return { hub, repair: new Repair(hub, database, systemClock) };
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a process that hears no hint learns messages, members and revocations from the poll", async () => {
  await using server = await testMessenger();
  const [ada, bob, eve] = (await Promise.all(
    ["ada", "bob", "eve"].map((name) => Person.arrive(server.publicUrl, name)),
  )) as [Person, Person, Person];
  const id = await ada.converse([bob], "group");
  const { hub, repair } = cutOff(server.storage.database);
  const [bobs, eves] = [new Told(bob.id, bob.deviceId), new Told(eve.id, eve.deviceId)];
  for (const told of [bobs, eves]) await hub.attach(asConnection(told));

  await ada.send(id, "one");
  await ada.send(id, "two");
  await repair.poll();
  await eventually(() => bobs.frames.length === 2);
  assert.deepEqual(bobs.take(), ["message", "message"]);

  await eve.uploadKeyPackages(1);
  await ada.commit(id, { add: await ada.claim([eve]), addedUsers: [eve.id] });
  await repair.poll();
  await eventually(() => bobs.frames.length > 0 && eves.frames.length > 0);
  assert.ok(eves.take().includes("conversation"));
  assert.ok(hub.isMember(eve.id, id));

  await ada.commit(id, { remove: [eve.deviceId], removedUsers: [eve.id] });
  await repair.poll();
  await eventually(() => eves.frames.length > 0);
  assert.ok(eves.take().includes("removed"));
  assert.ok(!hub.isMember(eve.id, id));

  await bob.must("revokeDevice", { params: { deviceId: bob.deviceId } });
  await repair.poll();
  assert.equal(bobs.closedWith, CLOSE.deviceRevoked);
});

test("each beat names the heads that moved since the last, and finds the dead and the expired", async () => {
  await using server = await testMessenger();
  const [ada, bob] = [
    await Person.arrive(server.publicUrl, "ada"),
    await Person.arrive(server.publicUrl, "bob"),
  ];
  const id = await ada.converse([bob]);
  const { hub, repair } = cutOff(server.storage.database);
  const clock = manualClock(1_000);
  const beaten: string[] = [];
  const heartbeat = new Heartbeat(hub, clock, (connection) => beaten.push(connection.deviceId));
  const told = new Told(bob.id, bob.deviceId);
  await hub.attach(asConnection(told));
  heartbeat.add(asConnection(told));
  const round = () => {
    for (let i = 0; i < 25; i += 1) heartbeat.tick();
  };
  round();
  assert.deepEqual(told.frames.splice(0), [{ t: "beat", heads: [] }]);
  told.heard = true;
  await ada.send(id, "moves");
  await repair.poll();
  await eventually(() => told.frames.length === 1);
  told.take();
  round();
  assert.deepEqual(told.frames.splice(0), [{ t: "beat", heads: [[id, 2]] }]);
  told.heard = true;
  round();
  assert.deepEqual(told.frames.splice(0), [{ t: "beat", heads: [] }]);
  assert.equal(beaten.length, 3);
  round();
  assert.equal(told.closedWith, 1006, "nothing was heard since the last beat");
  const expired = new Told(bob.id, bob.deviceId);
  expired.sessionExpiresAt = 500;
  heartbeat.remove(asConnection(told));
  heartbeat.add(asConnection(expired));
  round();
  assert.equal(expired.closedWith, CLOSE.unauthenticated);
});

test("presence is whoever is anywhere; a process that falls silent takes its people with it", () => {
  const clock = manualClock();
  const heard: string[] = [];
  const bus = {
    id: "here",
    publish: (message: { kind: string }) => heard.push(message.kind),
  } as unknown as Bus;
  const presence = new Presence(bus, clock);
  const watcher = new Told("ada", "d");
  presence.watch(asConnection(watcher), ["bob", "eve"]);
  watcher.frames.splice(0);
  presence.changed("bob", true);
  presence.receive({ kind: "presence", id: "bob", online: true }, "there");
  presence.changed("bob", false);
  assert.deepEqual(watcher.frames.splice(0), [{ t: "presence", userId: "bob", online: true }]);
  presence.receive({ kind: "here", ids: ["eve"] }, "elsewhere");
  clock.advance(30_000);
  presence.receive({ kind: "alive" }, "elsewhere");
  clock.advance(10_000);
  presence.tick();
  assert.deepEqual(watcher.frames.splice(0), [
    { t: "presence", userId: "eve", online: true },
    { t: "presence", userId: "bob", online: false },
  ]);
  presence.receive({ kind: "who" }, "elsewhere");
  assert.ok(heard.includes("alive"));
  presence.unwatch(asConnection(watcher));
  presence.receive({ kind: "presence", id: "eve", online: false }, "elsewhere");
  assert.deepEqual(watcher.frames, []);
});
