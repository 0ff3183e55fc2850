import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { silentLogger } from "@rempart/runtime";
import { requireService, startRedis } from "@rempart/testing";
import type { Bus, BusListener, BusMessage } from "../src/bus/bus.ts";
import { MemoryNetwork } from "../src/bus/memory.ts";
import { RedisBus } from "../src/bus/redis.ts";
import { Hub } from "../src/delivery/hub.ts";
import type { Messenger } from "../src/index.ts";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";
import { TestSocket } from "./support/socket.ts";

const redis = await requireService("redis-server");

/** Two people, each at another process, both ways, with a commit, typing, presence and a removal across. */
async function acrossProcesses(one: TestMessenger, otherUrl: string): Promise<void> {
  const [ada, bob, eve] = [
    await Person.arrive(one.publicUrl, "ada"),
    await Person.arrive(otherUrl, "bob"),
    await Person.arrive(otherUrl, "eve"),
  ];
  const adaToo = await ada.another(otherUrl);
  const [adas, bobs, eves, adasToo] = await Promise.all([
    ada.connect(),
    bob.connect(),
    eve.connect(),
    adaToo.connect(),
  ]);
  const id = await ada.converse([bob], "group");
  assert.equal((await bobs.next("welcome")).conversationId, id);
  assert.equal((await adasToo.next("conversation")).conversationId, id);
  for (let i = 0; i < 50; i += 1) {
    const [from, socket] = i % 2 === 0 ? ([ada, adas] as const) : ([bob, bobs] as const);
    socket.send({ t: "send", conversationId: id, ...(await from.encrypt(id, `${i}`)) });
    await socket.next("ack");
  }
  const seqs = async (socket: typeof adas, last: number) => {
    const seen: number[] = [];
    while (seen.at(-1) !== last) seen.push((await socket.next("message")).m.seq);
    return seen;
  };
  const even = Array.from({ length: 25 }, (_, i) => 2 * i + 2);
  assert.deepEqual(await seqs(bobs, 50), even);
  assert.deepEqual(
    (await seqs(adas, 51)).filter((seq) => seq > 1),
    even.map((seq) => seq + 1),
  );
  assert.deepEqual((await seqs(adasToo, 51)).filter((seq) => seq > 1).length, 50);
  adas.send({ t: "typing", conversationId: id, on: true });
  assert.equal((await bobs.next("typing")).userId, ada.id);
  bobs.send({ t: "watch", userIds: [ada.id] });
  assert.equal((await bobs.next("presence")).online, true);
  adas.close();
  adasToo.close();
  assert.equal((await bobs.next("presence", (frame) => !frame.online)).userId, ada.id);
  await eve.uploadKeyPackages(1);
  await ada.commit(id, { add: await ada.claim([eve]), addedUsers: [eve.id] });
  assert.equal((await eves.next("welcome")).conversationId, id);
  await ada.commit(id, { remove: [eve.deviceId], removedUsers: [eve.id] });
  assert.equal((await eves.next("removed")).conversationId, id);
  for (const socket of [bobs, eves]) socket.close();
}

test("two processes serve one conversation over the in-process bus", async () => {
  const network = new MemoryNetwork();
  await using one = await testMessenger({ bus: network.join() });
  await using other = await one.sibling({ bus: network.join() });
  await acrossProcesses(one, other.publicUrl);
});

test("two processes serve one conversation over Redis", { skip: redis.skip }, async () => {
  const store = await startRedis();
  try {
    const env = { REDIS_URL: store.url };
    await using one = await testMessenger({ env });
    await using other = await one.sibling({ env });
    await acrossProcesses(one, other.publicUrl);
  } finally {
    await store.stop();
  }
});

test("a frozen, then absent Redis delays nothing but delivery elsewhere", { skip: redis.skip }, async () => {
  const store = await startRedis();
  const env = { REDIS_URL: store.url };
  await using one = await testMessenger({ env });
  const [ada, bob] = [await Person.arrive(one.publicUrl, "ada"), await Person.arrive(one.publicUrl, "bob")];
  const id = await ada.converse([bob]);
  const bobs = await bob.connect();
  store.freeze();
  for (let i = 0; i < 20; i += 1) assert.equal((await ada.send(id, `${i}`)).status, 201);
  assert.equal((await bobs.next("message", (frame) => frame.m.seq === 21)).m.seq, 21);
  await store.stop();
  assert.equal((await ada.send(id, "without")).status, 201);
  assert.equal((await bobs.next("message", (frame) => frame.m.seq === 22)).m.seq, 22);
  bobs.close();
  // A process that starts meanwhile serves as well, and says that the bus is down.
  await using late = await one.sibling({ env });
  const { checks } = (await (await fetch(`${late.publicUrl}/health`)).json()) as { checks: object };
  assert.deepEqual(checks, { database: { status: "up" }, bus: { status: "down" } });
});

test("with Redis a limit holds over all processes, and each counts for itself while it is away", {
  skip: redis.skip,
}, async () => {
  await using store = await startRedis();
  const most = 20;
  const env = { REDIS_URL: store.url, RATE_LIMIT_AUTH_MAX: String(most) };
  await using one = await testMessenger({ env });
  await using other = await one.sibling({ env });
  const signIn = async ({ publicUrl }: Messenger): Promise<number> => {
    const body = { email: `${randomUUID()}@example.org`, password: "x" };
    return (await new Person(publicUrl, "nobody").call("signIn", { body })).status;
  };
  const tries = async (servers: readonly Messenger[], count: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) statuses.push(await signIn(servers[i % servers.length] as Messenger));
    return statuses;
  };
  assert.deepEqual(new Set(await tries([one, other], most)), new Set([401]));
  // By itself neither has counted enough. On a machine that is busy the store may be late, which costs no request either.
  for (const server of [one, other]) assert.ok((await tries([server], most / 2)).includes(429));
  store.freeze();
  const alone = await tries([one, other], 4);
  store.thaw();
  assert.deepEqual(alone, [401, 401, 401, 401], "a frozen store costs no request");
});

/** A bus that loses everything, as one does while its Redis is away. */
class LostBus implements Bus {
  readonly id = "lost";
  readonly healthy = false;
  publish(_: BusMessage): void {}
  listen(_: BusListener): void {}
  async open(): Promise<void> {}
  async close(): Promise<void> {}
}

test("while the bus is away every process serves, says so, and a later hint brings what was missed", async () => {
  const network = new MemoryNetwork();
  await using one = await testMessenger({ bus: new LostBus() });
  const [ada, bob] = [await Person.arrive(one.publicUrl, "ada"), await Person.arrive(one.publicUrl, "bob")];
  const id = await ada.converse([bob]);
  // The last to come: its repairing poll would find what is missed.
  await using other = await one.sibling({ bus: network.join() });
  const from = { cookie: bob.cookie, origin: other.publicUrl };
  const bobs = await TestSocket.open(other.publicUrl, { device: bob.deviceId }, from);
  for (let i = 0; i < 3; i += 1) await ada.send(id, `${i}`);
  await bobs.settled();
  assert.ok(!bobs.frames.some((frame) => frame.t === "message"));
  const health = await (await fetch(`${one.publicUrl}/health`)).json();
  assert.deepEqual(health, {
    status: "degraded",
    checks: { database: { status: "up" }, bus: { status: "down" } },
  });
  const neighbour = network.join();
  await neighbour.open();
  neighbour.publish({ kind: "heads", heads: [{ id, seq: 4 }] });
  for (const seq of [2, 3, 4]) assert.equal((await bobs.next("message")).m.seq, seq);
  bobs.close();
});

test("a bus carries in order, to all others and never back; it drops what it does not know", async (t) => {
  const contract = async (join: () => Bus) => {
    const ends = [join(), join(), join()] as [Bus, Bus, Bus];
    const heard: string[][] = [[], [], []];
    for (const [i, end] of ends.entries()) {
      end.listen((message, from) => {
        if (message.kind === "presence") heard[i]?.push(`${from === ends[0].id}:${message.id}`);
      });
      await end.open();
      assert.equal(end.healthy, true);
    }
    const ids = Array.from({ length: 100 }, (_, i) => `user-${i}`);
    for (const id of ids) ends[0].publish({ kind: "presence", id, online: true });
    while ((heard[1]?.length ?? 0) < 100 || (heard[2]?.length ?? 0) < 100) await new Promise(setImmediate);
    assert.deepEqual(heard, [[], ids.map((id) => `true:${id}`), ids.map((id) => `true:${id}`)]);
    for (const end of ends) await end.close();
    assert.equal(ends[0].healthy, false);
    ends[0].publish({ kind: "alive" });
  };
  await t.test("in process", () => {
    const network = new MemoryNetwork();
    return contract(() => network.join());
  });
  await t.test("Redis", { skip: redis.skip }, async () => {
    const store = await startRedis();
    try {
      await contract(() => new RedisBus({ url: store.url, log: silentLogger }));
    } finally {
      await store.stop();
    }
  });
});

test("hints of all kinds of nonsense do nothing", async () => {
  const network = new MemoryNetwork();
  await using server = await testMessenger({ bus: network.join() });
  const hub = new Hub({ database: server.storage.database, bus: network.join(), log: silentLogger });
  hub.receive({
    kind: "heads",
    heads: [
      { id: "x", seq: -1 },
      { id: "y", seq: 9, added: ["z"], creator: "w" },
    ],
  });
  hub.receive({ kind: "topic", id: "x", frame: "{}" });
  hub.receive({ kind: "device-revoked", id: "x" });
  assert.equal([...hub.topics.allTopics].length, 0);
});
