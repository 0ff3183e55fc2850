import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const server = await testMessenger();
after(() => server[Symbol.asyncDispose]());
const arrive = (name: string) => Person.arrive(server.publicUrl, name);

test("two people have one direct conversation, whoever starts it and however often", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const first = await ada.firstCommit([bob], "direct");
  const created = await ada.must("createConversation", { body: first.body });
  const again = await ada.must("createConversation", { body: first.body });
  assert.deepEqual(again, created);
  const second = await bob.firstCommit([ada], "direct");
  const reply = await bob.call("createConversation", { body: second.body });
  assert.deepEqual([reply.status, reply.code], [409, "conversation-exists"]);
  assert.equal(reply.body.conversationId, first.body.id);
});

test("two who start a direct conversation with each other at once get the same one", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const bodies = [
    (await ada.firstCommit([bob], "direct")).body,
    (await bob.firstCommit([ada], "direct")).body,
  ];
  const replies = await Promise.all([
    ada.call("createConversation", { body: bodies[0] }),
    bob.call("createConversation", { body: bodies[1] }),
  ]);
  const winner = replies.find((reply) => reply.status === 201);
  const loser = replies.find((reply) => reply.status === 409);
  assert.equal(loser?.code, "conversation-exists");
  assert.equal(loser?.body.conversationId, winner?.body.conversation.id);
});

test("a refused creation leaves nothing behind", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const { body } = await ada.firstCommit([bob], "group");
  const first = { ...body.first, change: { ...body.first.change, addedUsers: [bob.id, randomUUID()] } };
  assert.equal((await ada.call("createConversation", { body: { ...body, first } })).code, "unknown-user");
  const lie = { ...body.first, change: { ...body.first.change, addedDevices: [] } };
  assert.equal(
    (await ada.call("createConversation", { body: { ...body, first: lie } })).code,
    "commit-mismatch",
  );
  const other = { ...body, id: randomUUID() };
  assert.equal((await ada.call("createConversation", { body: other })).code, "malformed-mls");
  assert.equal((await ada.call("conversation", { params: { conversationId: body.id } })).status, 404);
  await ada.must("createConversation", { body });
});

test("a conversation's id cannot be taken by another", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const { body } = await ada.firstCommit([bob], "group");
  await ada.must("createConversation", { body });
  await eve.uploadKeyPackages(1);
  const theirs = await eve.firstCommit([bob], "group");
  const stolen = { ...theirs.body, id: body.id };
  const reply = await eve.call("createConversation", { body: stolen });
  assert.ok(reply.code === "id-taken" || reply.code === "malformed-mls", String(reply.code));
});

test("of two commits from one epoch one wins, the other is stale and learns the epoch", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob], "group");
  const replies = await Promise.all([ada.commit(id, {}), bob.commit(id, {})]);
  assert.deepEqual(replies.map((reply) => reply.status).toSorted(), [201, 409]);
  const stale = replies.find((reply) => reply.status === 409);
  assert.deepEqual([stale?.code, stale?.body.epoch], ["stale-epoch", 2]);
});

test("a commit sent again is answered alike and moves nothing", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob], "group");
  const { body } = await ada.makeCommit(ada.group(id), {});
  const request = { params: { conversationId: id }, body };
  const first = await ada.must("commit", request);
  assert.deepEqual(await ada.must("commit", request), first);
  const asBob = await bob.call("commit", request);
  assert.equal(asBob.code, "id-taken");
  const { conversation } = await ada.must("conversation", { params: { conversationId: id } });
  assert.deepEqual([conversation.epoch, conversation.head], [2, 2]);
});

test("a commit whose bytes do something else is refused", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob], "group");
  await eve.uploadKeyPackages(1);
  const { body } = await ada.makeCommit(ada.group(id), { add: await ada.claim([eve]), addedUsers: [eve.id] });
  const params = { conversationId: id };
  const attempt = (changes: object) => ada.call("commit", { params, body: { ...body, ...changes } });
  const { change } = body;
  for (const [changes, code] of [
    [{ change: { ...change, addedDevices: [] } }, "commit-mismatch"],
    [{ change: { ...change, addedUsers: [] } }, "commit-mismatch"],
    [{ change: { ...change, removedDevices: [bob.deviceId] } }, "commit-mismatch"],
    [{ change: { ...change, external: true } }, "commit-mismatch"],
    [{ welcome: undefined }, "commit-mismatch"],
    [{ welcome: body.groupInfo }, "malformed-mls"],
    [{ groupInfo: body.welcome }, "malformed-mls"],
    [{ commit: body.groupInfo }, "malformed-mls"],
    [{ commit: body.commit.slice(0, 400) }, "malformed-mls"],
    [{ epoch: 5 }, "commit-mismatch"],
    [{ deviceId: bob.deviceId }, "unknown-device"],
  ] as const) {
    assert.equal((await attempt(changes)).code, code, JSON.stringify(changes).slice(0, 100));
  }
  assert.equal((await attempt({})).status, 201);
});

test("members add nobody, admins do, and only owners give roles", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob], "group");
  await eve.uploadKeyPackages(3);
  const role = (by: Person, userId: string, to: string) =>
    by.call("setRole", { params: { conversationId: id, userId }, body: { role: to } });
  const add = async () => bob.commit(id, { add: await bob.claim([eve]), addedUsers: [eve.id] });
  assert.equal((await add()).code, "forbidden");
  assert.equal((await role(bob, bob.id, "admin")).code, "forbidden");
  assert.equal((await role(ada, eve.id, "admin")).code, "unknown-user");
  assert.equal((await role(ada, ada.id, "member")).code, "last-owner");
  assert.equal((await role(ada, bob.id, "admin")).status, 204);
  assert.equal((await add()).status, 201);
  assert.equal((await ada.call("leave", { params: { conversationId: id } })).code, "last-owner");
  assert.equal((await role(ada, bob.id, "owner")).status, 204);
  assert.equal((await ada.call("leave", { params: { conversationId: id } })).status, 204);
  assert.equal((await ada.call("conversation", { params: { conversationId: id } })).status, 404);
  const { messages } = await bob.must("messages", { params: { conversationId: id }, query: { after: 1 } });
  assert.deepEqual(
    messages.map((message: { kind: string; event?: object }) => message.event ?? message.kind),
    [
      { type: "role", userId: bob.id, role: "admin" },
      "commit",
      { type: "role", userId: bob.id, role: "owner" },
      { type: "left", userId: ada.id },
    ],
  );
});

test("a direct conversation is not left, grown or given roles", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob], "direct");
  await eve.uploadKeyPackages(1);
  assert.equal((await ada.call("leave", { params: { conversationId: id } })).code, "forbidden");
  const added = await ada.commit(id, { add: await ada.claim([eve]), addedUsers: [eve.id] });
  assert.equal(added.code, "forbidden");
  const promoted = await ada.call("setRole", {
    params: { conversationId: id, userId: bob.id },
    body: { role: "owner" },
  });
  assert.equal(promoted.code, "forbidden");
});

test("a member's new device joins by itself, a stranger's does not", async () => {
  const [ada, bob, eve] = [await arrive("ada"), await arrive("bob"), await arrive("eve")];
  const id = await ada.converse([bob]);
  const phone = await bob.another();
  const joined = await phone.joinExternally(id);
  assert.equal(joined.status, 201, JSON.stringify(joined.body));
  const { conversation } = await ada.must("conversation", { params: { conversationId: id } });
  assert.ok(conversation.devices.includes(phone.deviceId));
  assert.equal((await eve.call("groupInfo", { params: { conversationId: id } })).status, 404);
  assert.equal((await phone.send(id, "from my phone")).status, 201);
  // Fallen out of step, it comes back the same way.
  const again = await phone.joinExternally(id);
  assert.equal(again.status, 201, JSON.stringify(again.body));
});

test("whoever comes back reads from there on, and not what was said in between", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob], "group");
  await bob.must("leave", { params: { conversationId: id } });
  await ada.commit(id, { remove: [bob.deviceId] });
  await ada.send(id, "between ourselves");
  await bob.uploadKeyPackages(1);
  const back = await ada.commit(id, { add: await ada.claim([bob]), addedUsers: [bob.id] });
  const { conversation } = await bob.must("conversation", { params: { conversationId: id } });
  assert.equal(conversation.joinedSeq, back.body.seq);
  const before = await bob.must("messages", { params: { conversationId: id }, query: { after: 1 } });
  assert.deepEqual([before.reset, before.messages], [true, []]);
});

test("conversations are listed by latest activity, in pages that miss none", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const ids: string[] = [];
  for (let i = 0; i < 3; i += 1) ids.push(await ada.converse([bob], "group"));
  await ada.send(ids[0] as string, "again");
  const { conversations, next } = await ada.must("conversations");
  assert.equal(next, null);
  assert.deepEqual(
    conversations.map((one: { id: string }) => one.id),
    [ids[0], ids[2], ids[1]],
  );
  const bad = await ada.call("conversations", { query: { cursor: "nonsense" } });
  assert.equal(bad.code, "validation-failed");
});

test("receipts rise only, stop at the head, and everyone is told", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const id = await ada.converse([bob]);
  for (let i = 0; i < 3; i += 1) await ada.send(id, `${i}`);
  const socket = await ada.connect();
  const receipt = (positions: object) =>
    bob.must("receipt", { params: { conversationId: id }, body: { deviceId: bob.deviceId, ...positions } });
  const now = async () => {
    const { conversation } = await ada.must("conversation", { params: { conversationId: id } });
    const { delivered, read } = conversation.members.find((one: { userId: string }) => one.userId === bob.id);
    return [delivered, read];
  };
  await receipt({ delivered: 3 });
  assert.deepEqual(await now(), [3, 1]);
  await receipt({ read: 2, delivered: 1 });
  assert.deepEqual(await now(), [3, 2]);
  await receipt({ read: 1_000_000 });
  assert.deepEqual(await now(), [4, 4]);
  const frame = await socket.next("receipt", ({ read }) => read === 4);
  assert.deepEqual([frame.userId, frame.delivered], [bob.id, 4]);
  const eve = await arrive("eve");
  const stranger = await eve.call("receipt", {
    params: { conversationId: id },
    body: { deviceId: eve.deviceId, read: 1 },
  });
  assert.equal(stranger.code, "unknown-conversation");
  socket.close();
});
