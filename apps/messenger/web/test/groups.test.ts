import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { createMlsEngine } from "@rempart/messaging/engine";
import { anotherDevice, arrive, conversation, done, reads, texts, timeline } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";

const server = await serverOfTests();

test("a group of three has a title only its members know, and each reads each", async () => {
  const [ada, bob, cleo] = await Promise.all(["Ada", "Bob", "Cleo"].map((name) => arrive(server.url, name)));
  assert.ok(ada && bob && cleo);
  const { conversationId: id } = done(
    await ada.client.createGroup({ title: "Rowing", userIds: [bob.id, cleo.id] }),
  );
  for (const person of [ada, bob, cleo]) {
    const view = await conversation(person, id, ({ title }) => title === "Rowing");
    assert.equal(view.members.length, 3);
    assert.equal(view.postQuantum, true);
  }
  for (const person of [ada, bob, cleo]) done(await person.client.send(id, `from ${person.name}`));
  for (const person of [ada, bob, cleo])
    for (const other of [ada, bob, cleo]) await reads(person, id, `from ${other.name}`);
  const shown = await Promise.all(
    [ada, bob, cleo].map(async (person) =>
      texts(await timeline(person, id, (items) => texts(items).length === 3)),
    ),
  );
  assert.deepEqual(shown[1], shown[0], "one order for all");
  assert.deepEqual(shown[2], shown[0], "one order for all");

  done(await ada.client.renameGroup(id, "Rowing club"));
  await conversation(cleo, id, ({ title }) => title === "Rowing club");
  const rows = await server.database.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT 1 FROM messages WHERE position('Rowing'::bytea in body) > 0) AS found",
  );
  assert.equal(rows[0]?.found, false);
});

test("somebody who is added learns the title and what follows, not what was before; a removed member reads no more", async () => {
  const [ada, bob, eve] = await Promise.all(["Ada", "Bob", "Eve"].map((name) => arrive(server.url, name)));
  assert.ok(ada && bob && eve);
  const { conversationId: id } = done(await ada.client.createGroup({ title: "Plans", userIds: [bob.id] }));
  done(await ada.client.send(id, "before Eve"));
  await reads(bob, id, "before Eve");

  done(await ada.client.addMembers(id, [eve.id]));
  await conversation(eve, id, ({ title }) => title === "Plans");
  done(await bob.client.send(id, "with Eve"));
  await reads(eve, id, "with Eve");

  const evesGroup = await groupOf(eve.profile.disks, eve.id, id);
  done(await ada.client.removeMember(id, eve.id));
  await conversation(eve, id, ({ active }) => !active);
  done(await bob.client.send(id, "after Eve"));
  await reads(ada, id, "after Eve");
  const eves = await timeline(eve, id, (items) => texts(items).length > 0);
  assert.deepEqual(texts(eves), ["with Eve"]);
  assert.equal((await eve.client.send(id, "may I?")).ok, false);

  // Whoever keeps her old keys and gets hold of the ciphertext cannot open it either.
  const [row] = await server.database.query<{ body: Buffer }>(
    "SELECT body FROM messages WHERE conversation_id = $1 AND kind = 'application' ORDER BY seq DESC LIMIT 1",
    [id],
  );
  assert.ok(row);
  const engine = createMlsEngine({ directory: { verify: async () => true }, clock: systemClock });
  const kept = engine.importGroup(evesGroup);
  await assert.rejects(engine.decrypt(kept, new Uint8Array(row.body)));
});

test("two devices of one account see the same, also what the other one sends", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "one"));
  await reads(bob, id, "one");
  const phone = await anotherDevice(bob, server.url);
  await conversation(phone, id, ({ sync }) => sync === "ready");
  await timeline(ada, id, (items) =>
    items.some((item) => item.kind === "notice" && item.notice.type === "devices-changed"),
  );
  done(await ada.client.send(id, "two"));
  await reads(phone, id, "two");
  await reads(bob, id, "two");
  done(await phone.client.send(id, "from the phone"));
  const items = await timeline(bob, id, (seen) => texts(seen).includes("from the phone"));
  assert.ok(items.some((item) => item.kind === "text" && item.text === "from the phone" && item.mine));
  assert.equal(done(await bob.client.devices()).length, 2);

  const number = done(await ada.client.safetyNumber(bob.id));
  assert.deepEqual(done(await bob.client.safetyNumber(ada.id)).groups, number.groups);
  done(await ada.client.setVerified(bob.id, true));
  assert.equal(done(await ada.client.safetyNumber(bob.id)).verified, true);

  const phoneId = phone.client.app.get();
  assert.ok(phoneId.phase === "ready" && phoneId.me.deviceId);
  done(await bob.client.revokeDevice(phoneId.me.deviceId));
  await timeline(ada, id, () => true);
  assert.equal(done(await ada.client.safetyNumber(bob.id)).changed, true);
  done(await ada.client.send(id, "not for the phone"));
  await reads(bob, id, "not for the phone");
  const left = await phoneGone(phone);
  assert.equal(left, "device-removed");
  assert.deepEqual(
    phone.profile.disks.dump().filter(({ name }) => name.includes(bob.id)),
    [],
    "its keys and history are erased",
  );
});

test("commits made at the same time are placed one after the other, and nobody falls out", async () => {
  const people = await Promise.all(["Ada", "Bob", "Cleo", "Dan"].map((name) => arrive(server.url, name)));
  const [ada, bob, cleo, dan] = people;
  assert.ok(ada && bob && cleo && dan);
  const { conversationId: id } = done(await ada.client.createGroup({ title: "Busy", userIds: [bob.id] }));
  done(await ada.client.setRole(id, bob.id, "admin"));
  await conversation(bob, id, ({ myRole, title }) => myRole === "admin" && title === "Busy");
  const results = await Promise.all([
    ada.client.addMembers(id, [cleo.id]),
    bob.client.addMembers(id, [dan.id]),
    ada.client.send(id, "in between"),
  ]);
  for (const result of results) done(result);
  for (const person of people)
    await conversation(person, id, ({ members, title }) => members.length === 4 && title === "Busy");
  for (const person of people) done(await person.client.send(id, `here: ${person.name}`));
  for (const person of people) for (const other of people) await reads(person, id, `here: ${other.name}`);
  for (const person of people)
    assert.ok(
      person.client
        .timeline(id)
        .get()
        .items.every((item) => item.kind !== "notice" || item.notice.type !== "rejoined"),
    );
});

test("members leave and return; roles change", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.createGroup({ title: "T", userIds: [bob.id] }));
  done(await ada.client.setRole(id, bob.id, "admin"));
  await conversation(bob, id, ({ myRole, title }) => myRole === "admin" && title === "T");
  done(await bob.client.leave(id));
  await conversation(bob, id, ({ active }) => !active);
  await conversation(ada, id, ({ members }) => members.length === 1);
  done(await ada.client.send(id, "alone"));
  await timeline(ada, id, (items) => items.some((item) => item.kind === "text" && item.delivery === "sent"));
  done(await ada.client.addMembers(id, [bob.id]));
  await conversation(bob, id, ({ active, sync }) => active && sync === "ready");
  done(await ada.client.send(id, "welcome back"));
  await reads(bob, id, "welcome back");
  const seen = await timeline(bob, id, (items) => texts(items).includes("welcome back"));
  assert.ok(!texts(seen).includes("alone"));
  assert.ok(seen.every((item) => item.kind !== "undecryptable"));
});

async function phoneGone(phone: Awaited<ReturnType<typeof arrive>>): Promise<string> {
  const { until } = await import("./support/until.ts");
  const app = await until(phone.client.app, ({ phase }) => phase === "signed-out", "being signed out");
  return app.phase === "signed-out" ? app.reason : app.phase;
}

/** The MLS state a device has stored, opened as only its own code can. */
async function groupOf(
  disks: Awaited<ReturnType<typeof arrive>>["profile"]["disks"],
  userId: string,
  id: string,
): Promise<Uint8Array> {
  const storage = await disks.open(`rempart-${userId}`);
  const sealed = await storage.read("groups", id);
  assert.ok(sealed);
  const algorithm = {
    name: "AES-GCM",
    iv: sealed.subarray(1, 13),
    additionalData: new TextEncoder().encode(`groups/${id}`),
  };
  const plain = await crypto.subtle.decrypt(algorithm, await storage.vaultKey(), sealed.subarray(13));
  return new Uint8Array(plain).subarray(1);
}
