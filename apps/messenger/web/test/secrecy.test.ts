import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { SocketEvents } from "../src/core/ports.ts";
import { arrive, conversation, done, reads, timeline } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";

const server = await serverOfTests();

test("neither browser's storage holds a word, a title, a name or a key in the clear", async () => {
  const marker = `marker-${randomUUID()}`;
  const [ada, bob] = await Promise.all([arrive(server.url, `Ada ${marker}`), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(
    await ada.client.createGroup({ title: `title ${marker}`, userIds: [bob.id] }),
  );
  await conversation(bob, id, ({ title }) => title !== null);
  done(await ada.client.send(id, `text ${marker}`));
  ada.client.saveDraft(id, `draft ${marker}`);
  await reads(bob, id, `text ${marker}`);
  await conversation(ada, id, ({ draft }) => draft.includes(marker));
  for (const { disks } of [ada.profile, bob.profile]) {
    const rows = disks.dump();
    assert.ok(rows.some(({ table }) => table === "messages"));
    for (const { table, key, value } of rows)
      assert.ok(!Buffer.from(value).includes(marker) && !key.includes(marker), `${table} ${key}`);
  }
  const [found] = await server.database.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM messages WHERE position($1::bytea in body) > 0",
    [Buffer.from(marker)],
  );
  assert.equal(found?.n, 0);
});

test("garbage on the socket is ignored", async () => {
  let events: SocketEvents | undefined;
  const ada = await arrive(server.url, "Ada", {
    change: (ports) => ({
      ...ports,
      openSocket(path, given) {
        events = given;
        return ports.openSocket(path, given);
      },
    }),
  });
  const bob = await arrive(server.url, "Bob");
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  await conversation(bob, id);
  const unknown = randomUUID();
  const forged = {
    kind: "application",
    id: randomUUID(),
    conversationId: id,
    seq: 2,
    senderId: bob.id,
    deviceId: randomUUID(),
    sentAt: 1,
    epoch: 1,
    body: "AAAA",
  };
  const garbage: unknown[] = [
    new ArrayBuffer(8),
    "",
    "{",
    "null",
    "[]",
    '{"t":"nonsense"}',
    '{"t":"ack"}',
    JSON.stringify({ t: "beat", heads: [[unknown, 5]] }),
    JSON.stringify({ t: "typing", conversationId: unknown, userId: bob.id, on: true }),
    JSON.stringify({ t: "removed", conversationId: unknown }),
    JSON.stringify({ t: "ack", id: unknown, conversationId: id, seq: 9, sentAt: 1, extra: 1 }),
    `"${"x".repeat(5_000_000)}"`,
  ];
  for (const data of garbage) events?.received(data);
  done(await bob.client.send(id, "still here"));
  await reads(ada, id, "still here");

  // A forged message takes a position; it is shown as what it is, and what follows is read.
  const next = ((await conversation(ada, id)).preview?.seq ?? 0) + 1;
  events?.received(JSON.stringify({ t: "message", m: { ...forged, seq: next } }));
  await timeline(ada, id, (items) => items.some((item) => item.kind === "undecryptable"));
});
