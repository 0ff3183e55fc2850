import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

test("two people with real keys exchange messages both ways, and a third joins and is removed", async () => {
  await using server = await testMessenger();
  const [ada, bob, eve] = (await Promise.all(
    ["ada", "bob", "eve"].map((name) => Person.arrive(server.publicUrl, name)),
  )) as [Person, Person, Person];
  const bobs = await bob.connect();
  const adas = await ada.connect();
  const id = await ada.converse([bob], "group");
  assert.equal((await bobs.next("welcome")).conversationId, id);

  // Over the socket, acknowledged, and over REST.
  const sent = await ada.encrypt(id, "hello bob");
  adas.send({ t: "send", conversationId: id, ...sent });
  const ack = await adas.next("ack");
  assert.equal(ack.id, sent.id);
  assert.equal(ack.seq, 2);
  const { m } = await bobs.next("message", (frame) => frame.m.seq === 2);
  assert.ok(m.kind === "application");
  assert.equal(await bob.decrypt(m), "hello bob");
  assert.equal((await bob.send(id, "hello ada")).status, 201);
  const answer = await adas.next("message", (frame) => frame.m.seq === 3);
  assert.ok(answer.m.kind === "application");
  assert.equal(await ada.decrypt(answer.m), "hello ada");

  // Eve comes.
  const eves = await eve.connect();
  await eve.uploadKeyPackages(1);
  const added = await ada.commit(id, { add: await ada.claim([eve]), addedUsers: [eve.id] });
  assert.equal(added.status, 201, JSON.stringify(added.body));
  await eves.next("welcome");
  await eve.joinByWelcome(id);
  const commit = await bobs.next("message", (frame) => frame.m.kind === "commit" && frame.m.seq === 4);
  assert.ok(commit.m.kind === "commit");
  await bob.follow(commit.m);
  assert.equal((await eve.send(id, "hi all")).status, 201);
  for (const [person, socket] of [
    [ada, adas],
    [bob, bobs],
  ] as const) {
    const { m: hi } = await socket.next("message", (frame) => frame.m.seq === 5);
    assert.ok(hi.kind === "application");
    assert.equal(await person.decrypt(hi), "hi all");
  }

  // Eve goes: she is told, hears nothing more, and cannot write.
  const removed = await ada.commit(id, { remove: [eve.deviceId], removedUsers: [eve.id] });
  assert.equal(removed.status, 201, JSON.stringify(removed.body));
  assert.equal((await eves.next("removed")).conversationId, id);
  const late = await eve.send(id, "still here?");
  assert.deepEqual([late.status, late.code], [404, "unknown-conversation"]);
  for (const socket of [adas, bobs, eves]) socket.close();
});
