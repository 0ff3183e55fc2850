import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Message } from "../src/contract/index.ts";
import { ModelClient, ModelServer } from "./model.ts";
import { uuid } from "./party.ts";

type Act =
  | { do: "perform"; index: number }
  | { do: "peer-says" | "peer-commits" | "peer-goes" | "peer-comes" | "orphan" | "expel" }
  | { do: "send" | "change" | "crash" | "disconnect" | "connect" | "break" | "beat" }
  | { do: "push"; seq: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("perform" as const), index: fc.nat(50) }) },
  { weight: 3, arbitrary: fc.constant<Act>({ do: "send" }) },
  { weight: 3, arbitrary: fc.constant<Act>({ do: "peer-says" }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("push" as const), seq: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.constant<Act>({ do: "connect" }) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<Act["do"]>(
        "peer-commits",
        "peer-goes",
        "peer-comes",
        "orphan",
        "change",
        "crash",
        "disconnect",
        "beat",
      )
      .map((what) => ({ do: what }) as Act),
  },
);

const damage: fc.Arbitrary<Act> = fc.constantFrom<Act>({ do: "break" }, { do: "expel" });

interface World {
  readonly server: ModelServer;
  readonly client: ModelClient;
  readonly sent: string[];
  readonly changes: string[];
}

function perform({ server, client, sent, changes }: World, act: Act): void {
  switch (act.do) {
    case "perform":
      client.perform(act.index);
      return;
    case "peer-says":
      if (server.peerReads) push(client, server.peerSays());
      return;
    case "peer-goes":
    case "peer-comes":
      push(client, server.peerMoves(act.do === "peer-comes"));
      return;
    case "peer-commits":
      push(client, server.peerCommits());
      return;
    case "orphan":
      server.hasOrphans = true;
      return;
    case "expel":
      server.knowsDevice = false;
      return;
    case "break":
      client.breakGroup();
      return;
    case "crash":
      client.crash();
      return;
    case "disconnect":
      client.disconnect();
      return;
    case "connect":
      client.take({ type: "connected" });
      return;
    case "beat":
      client.take({ type: "head", seq: server.log.length });
      return;
    case "push": {
      const message = server.log[act.seq];
      if (message !== undefined) push(client, message);
      return;
    }
    case "send":
      sent.push(uuid(10_000 + sent.length));
      client.take({ type: "send", id: sent.at(-1) as string });
      return;
    case "change":
      changes.push(uuid(20_000 + changes.length));
      client.take({ type: "change", id: changes.at(-1) as string });
      return;
  }
}

/** Only a connected client hears; `push` also repeats old messages and skips others, as a bad network would. */
function push(client: ModelClient, message: Message): void {
  if (client.state.connected) client.take({ type: "message", message });
}

/** Everything works from here on: the world must come to rest. */
function settle({ server, client }: World): void {
  client.take({ type: "connected" });
  if (!server.peerReads) push(client, server.peerMoves(true));
  for (let turns = 0; client.tasks.length > 0; turns += 1) {
    assert.ok(turns < 20_000, "the client comes to rest");
    client.perform(0);
  }
  assert.equal(client.state.cursor, server.log.length);
  assert.ok(client.state.epoch === server.epoch, "the client is in the server's epoch");
}

function run(acts: readonly Act[]): World {
  const server = new ModelServer();
  const world = { server, client: new ModelClient(server), sent: [], changes: [] };
  for (const act of acts) perform(world, act);
  settle(world);
  return world;
}

function assertAllShown({ server, client, sent }: World): void {
  const applications = server.log.filter((message) => message.kind === "application");
  assert.deepEqual(
    client.saved.shown.map(({ seq, id }) => ({ seq, id })),
    applications.map(({ seq, id }) => ({ seq, id })),
    "every acknowledged message is shown exactly once, in order",
  );
  const mine = applications.map(({ id }) => id).filter((id) => sent.includes(id));
  assert.deepEqual(mine, sent, "every message was sent once, in the order it was written");
  assert.ok(
    applications.every(({ id, epoch }) => !sent.includes(id) || !server.readerless.has(epoch)),
    "nothing is said in an epoch in which nobody could read it",
  );
  assert.deepEqual(client.state.outbox, []);
  assert.deepEqual(client.failures, []);
}

test("whatever is lost, repeated, reordered, refused or crashes: each message is shown once, in order, and sent", () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 10, maxLength: 150, size: "max" }), (acts) => {
      const world = run(acts);
      assertAllShown(world);
      assert.ok(
        world.client.saved.shown.every(({ lost }) => !lost),
        "and none is lost",
      );
      assert.deepEqual(world.client.state.changes, []);
    }),
    { numRuns: 600 },
  );
});

test("a device out of step rejoins, says what it lost, and never loses its own", () => {
  const acts = fc.array(fc.oneof({ weight: 12, arbitrary: act }, { weight: 1, arbitrary: damage }), {
    minLength: 10,
    maxLength: 150,
    size: "max",
  });
  fc.assert(
    fc.property(acts, (history) => {
      const world = run(history);
      assertAllShown(world);
      const lost = world.client.saved.shown.filter((shown) => shown.lost);
      assert.ok(lost.every(({ id }) => !world.sent.includes(id)));
    }),
    { numRuns: 600 },
  );
});

function applications(server: ModelServer): number {
  return server.log.filter(({ kind }) => kind === "application").length;
}

test("on a good connection each message crosses it once, and nothing processed is kept", () => {
  const world = run([{ do: "connect" }, ...Array.from({ length: 20 }, (): Act => ({ do: "send" }))]);
  assert.equal(applications(world.server), 20);
  assert.equal(world.client.transmitted, 20);
  assert.equal(world.client.state.inbox.size, 0);
  assert.equal(world.client.state.inFlight, null);
});

test("a message of an old epoch is encrypted again under its id, once", () => {
  const world: World = run([]);
  const { server, client } = world;
  server.peerCommits();
  perform(world, { do: "send" });
  while (client.tasks.length > 0) client.perform(0);
  assert.equal(client.transmitted, 2);
  assertAllShown(world);
});

test("what nobody could read waits unsealed, costs no loop, and goes with the epoch in which somebody can", () => {
  const world: World = run([{ do: "connect" }, { do: "peer-goes" }]);
  const { server, client } = world;
  push(client, server.peerMoves(false));
  perform(world, { do: "send" });
  perform(world, { do: "send" });
  while (client.tasks.length > 0) client.perform(0);
  assert.deepEqual(
    client.state.outbox.map(({ sealed }) => sealed),
    [null, null],
  );
  assert.equal(client.transmitted, 0);
  push(client, server.peerMoves(true));
  while (client.tasks.length > 0) client.perform(0);
  assertAllShown(world);
  assert.equal(client.transmitted, 2);
});

test("removals the server waits for are committed before the next message", () => {
  const server = new ModelServer();
  const world = { server, client: new ModelClient(server), sent: [], changes: [] };
  perform(world, { do: "connect" });
  server.hasOrphans = true;
  perform(world, { do: "send" });
  settle(world);
  assert.deepEqual(
    server.log.map(({ kind }) => kind),
    ["commit", "application"],
  );
});

test("a server that was restored gets back what it lost of ours, and the rest is not invented", () => {
  const server = new ModelServer();
  const world = { server, client: new ModelClient(server), sent: [], changes: [] };
  perform(world, { do: "connect" });
  for (let i = 0; i < 5; i += 1) perform(world, { do: "peer-says" });
  settle(world);
  assert.equal(world.client.state.cursor, 5);
  server.log.length = 2;
  server.epoch = 1;
  perform(world, { do: "disconnect" });
  perform(world, { do: "send" });
  settle(world);
  assert.equal(world.client.saved.shown.at(-1)?.id, world.sent[0]);
  assert.deepEqual(
    world.client.saved.shown.map(({ seq }) => seq),
    [1, 2, 4],
    "the two that are left, the rejoin in between, the new one",
  );
});

test("who is no member any more is told of every message that was not sent", () => {
  const client = new ModelClient(new ModelServer());
  client.take({ type: "send", id: uuid(1) });
  client.take({ type: "change", id: uuid(2) });
  client.take({ type: "removed" });
  client.take({ type: "send", id: uuid(3) });
  while (client.tasks.length > 0) client.perform(0);
  assert.deepEqual(client.failures, [uuid(1), uuid(2)]);
  assert.ok(client.state.outbox.every(({ failure }) => failure === "not-a-member"));
});

test("a server that promises more and gives nothing is not asked in a loop", () => {
  const client = new ModelClient(new ModelServer());
  client.take({ type: "connected" });
  client.tasks = [];
  client.take({ type: "page", after: 0, messages: [], head: 9, reset: false });
  assert.deepEqual(
    client.tasks.map((task) => task.kind === "effect" && task.effect.type),
    ["wake"],
  );
});

test("news that overtakes the answer to a fetch costs one more fetch, not a wait, and false news no loop", () => {
  const { client } = run([]);
  const fetches = () =>
    client.tasks.filter((task) => task.kind === "effect" && task.effect.type === "fetch").length;
  client.take({ type: "connected" });
  client.take({ type: "head", seq: 7 });
  client.tasks = [];
  client.take({ type: "page", after: 0, messages: [], head: 0, reset: false });
  assert.equal(fetches(), 1);
  client.tasks = [];
  client.take({ type: "page", after: 0, messages: [], head: 0, reset: false });
  assert.equal(client.tasks.length, 0);
});
