import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import type { Message } from "@rempart/messaging/contract";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const server = await testMessenger();
after(() => server[Symbol.asyncDispose]());
const arrive = (name: string) => Person.arrive(server.publicUrl, name);

const reencoded = (body: string, change: (bytes: Buffer) => Buffer) =>
  change(Buffer.from(body, "base64url")).toString("base64url");

test("the same message sent again, over either way, is placed once and answered alike", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob]);
  const socket = await ada.connect();
  const message = await ada.encrypt(id, "once");
  const request = { params: { conversationId: id }, body: { ...message, deviceId: ada.deviceId } };
  const first = await ada.must("sendMessage", request);
  assert.deepEqual(await ada.must("sendMessage", request), first);
  for (let i = 0; i < 3; i += 1) socket.send({ t: "send", conversationId: id, ...message });
  for (let i = 0; i < 3; i += 1) {
    const { seq, sentAt } = await socket.next("ack");
    assert.deepEqual({ seq, sentAt }, first);
  }
  const { head } = await ada.must("messages", { params: { conversationId: id }, query: { after: 0 } });
  assert.equal(head, 2);
  socket.close();
});

test("an id that stands for something else is refused", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob]);
  const other = await ada.converse([eve]);
  const message = await ada.encrypt(id, "mine");
  await ada.must("sendMessage", {
    params: { conversationId: id },
    body: { ...message, deviceId: ada.deviceId },
  });
  const theirs = { ...(await bob.encrypt(id, "theirs")), id: message.id, deviceId: bob.deviceId };
  const reply = await bob.call("sendMessage", { params: { conversationId: id }, body: theirs });
  assert.deepEqual([reply.status, reply.code], [409, "id-taken"]);
  const elsewhere = { ...(await ada.encrypt(other, "else")), id: message.id, deviceId: ada.deviceId };
  const moved = await ada.call("sendMessage", { params: { conversationId: other }, body: elsewhere });
  assert.deepEqual([moved.status, moved.code], [409, "id-taken"]);
});

test("what is not an application message of this conversation and epoch is refused", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob]);
  const other = await ada.converse([eve]);
  const good = { ...(await ada.encrypt(id, "good")), deviceId: ada.deviceId };
  const foreign = { ...good, ...(await ada.encrypt(other, "foreign")) };
  const send = (body: object) => ada.call("sendMessage", { params: { conversationId: id }, body });
  for (const [body, code] of [
    [foreign, "malformed-mls"],
    [{ ...good, body: reencoded(good.body, (bytes) => bytes.subarray(0, -1)) }, "malformed-mls"],
    [
      { ...good, body: reencoded(good.body, (bytes) => Buffer.concat([bytes, Buffer.of(0)])) },
      "malformed-mls",
    ],
    [{ ...good, epoch: good.epoch + 1 }, "malformed-mls"],
    [{ ...good, deviceId: randomUUID() }, "unknown-device"],
    [{ ...good, deviceId: bob.deviceId }, "unknown-device"],
    [{ ...good, body: "not base64url!" }, "validation-failed"],
    [{ ...good, extra: true }, "validation-failed"],
    [{ ...good, id: good.id.toUpperCase() }, "validation-failed"],
  ] as const) {
    assert.equal((await send(body)).code, code, JSON.stringify(body).slice(0, 200));
  }
  assert.equal((await send(good)).status, 201);
});

test("a stranger, and a member's device outside the group, cannot write", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob]);
  const message = await ada.encrypt(id, "hi");
  const params = { conversationId: id };
  const asEve = await eve.call("sendMessage", { params, body: { ...message, deviceId: eve.deviceId } });
  assert.deepEqual([asEve.status, asEve.code], [404, "unknown-conversation"]);
  const tablet = await ada.another();
  const asTablet = await tablet.call("sendMessage", {
    params,
    body: { ...message, deviceId: tablet.deviceId },
  });
  assert.deepEqual([asTablet.status, asTablet.code], [409, "device-not-in-group"]);
});

test("after a commit, messages of the epoch before are stale and learn the present one", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob], "group");
  const late = await bob.encrypt(id, "late");
  assert.equal((await ada.commit(id, {})).status, 201);
  const body = { ...late, deviceId: bob.deviceId };
  const reply = await bob.call("sendMessage", { params: { conversationId: id }, body });
  assert.deepEqual([reply.status, reply.code, reply.body.epoch], [409, "stale-epoch", 2]);
  const socket = await bob.connect();
  socket.send({ t: "send", conversationId: id, ...late });
  const nack = await socket.next("nack");
  assert.deepEqual([nack.code, nack.epoch], ["stale-epoch", 2]);
  socket.close();
});

test("while a leaf waits for its removal nothing is accepted; the removal clears it", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob, eve]);
  await eve.must("leave", { params: { conversationId: id } });
  const blocked = await ada.send(id, "before the removal");
  assert.deepEqual([blocked.status, blocked.code], [409, "pending-removals"]);
  const { conversation } = await bob.must("conversation", { params: { conversationId: id } });
  assert.deepEqual(conversation.orphans, [eve.deviceId]);
  const removal = await bob.commit(id, { remove: [eve.deviceId] });
  assert.equal(removal.status, 201, JSON.stringify(removal.body));
  assert.equal((await bob.send(id, "after it")).status, 201);
});

test("a gap is answered exactly, in order and in pages; a position outside the history resets", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob]);
  for (let i = 0; i < 25; i += 1) assert.equal((await ada.send(id, `message ${i}`)).status, 201);
  const page = (from: number, limit = 10) =>
    bob.must("messages", { params: { conversationId: id }, query: { after: from, limit } });
  const seen: Message[] = [];
  for (let position = 1; ; ) {
    const { messages, head, reset } = await page(position);
    assert.equal(reset, false);
    assert.equal(head, 26);
    if (messages.length === 0) break;
    seen.push(...messages);
    position = messages.at(-1).seq;
  }
  assert.deepEqual(
    seen.map((message) => message.seq),
    Array.from({ length: 25 }, (_, i) => i + 2),
  );
  const texts: string[] = [];
  for (const message of seen) if (message.kind === "application") texts.push(await bob.decrypt(message));
  assert.deepEqual(
    texts,
    Array.from({ length: 25 }, (_, i) => `message ${i}`),
  );
  assert.deepEqual((await page(27)).reset, true);
  // Bob joined by the commit at 1: what was before is not his.
  assert.deepEqual((await page(0)).reset, true);
});

test("many writers at once leave no hole, no double and keep each writer's order", async () => {
  const people = await Promise.all(["ada", "bob", "eve", "joe"].map(arrive));
  const [ada, ...others] = people as [Person, ...Person[]];
  const id = await ada.converse(others, "group");
  const sockets = await Promise.all(people.map((person) => person.connect()));
  const sent = new Map<string, string[]>();
  await Promise.all(
    people.map(async (person, i) => {
      const ids: string[] = [];
      for (let n = 0; n < 100; n += 1) {
        const message = await person.encrypt(id, `${n}`);
        ids.push(message.id);
        sockets[i]?.send({ t: "send", conversationId: id, ...message });
      }
      sent.set(person.id, ids);
      for (const one of ids) await sockets[i]?.next("ack", (ack) => ack.id === one);
    }),
  );
  const { messages, head } = await ada.must("messages", {
    params: { conversationId: id },
    query: { after: 1, limit: 500 },
  });
  assert.equal(head, 401);
  assert.deepEqual(
    messages.map((message: Message) => message.seq),
    Array.from({ length: 400 }, (_, i) => i + 2),
  );
  for (const [senderId, ids] of sent) {
    const placed = messages.filter((message: Message) => message.senderId === senderId);
    assert.deepEqual(
      placed.map((message: Message) => message.id),
      ids,
    );
  }
  // Everyone got everyone else's, in order, once.
  for (const [i, socket] of sockets.entries()) {
    await socket.settled();
    const seqs = socket.frames.flatMap((frame) =>
      frame.t === "message" && frame.m.kind === "application" ? [frame.m.seq] : [],
    );
    const mine = people[i]?.id;
    const wanted = messages.filter((message: Message) => message.senderId !== mine);
    assert.deepEqual(
      seqs,
      wanted.map((message: Message) => message.seq),
    );
    socket.close();
  }
});
