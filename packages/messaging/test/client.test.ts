import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Message } from "../src/contract/index.ts";
import { ModelClient, ModelServer } from "./model.ts";
import { uuid } from "./party.ts";

type Act =
  | { do: "perform"; index: number }
  | { do: "peer-says" | "peer-commits" | "orphan" | "expel" }
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
      .constantFrom<Act["do"]>("peer-commits", "orphan", "change", "crash", "disconnect", "beat")
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
      push(client, server.peerSays());
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
  const applications = server.log.filter(({ kind }) => kind === "application");
  assert.deepEqual(
    client.saved.shown.map(({ seq, id }) => ({ seq, id })),
    applications.map(({ seq, id }) => ({ seq, id })),
    "every acknowledged message is shown exactly once, in order",
  );
  const mine = applications.map(({ id }) => id).filter((id) => sent.includes(id));
  assert.deepEqual(mine, sent, "every message was sent once, in the order it was written");
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
