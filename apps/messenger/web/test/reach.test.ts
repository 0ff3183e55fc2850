import assert from "node:assert/strict";
import { test } from "node:test";
import { until as untilTrue } from "@rempart/testing";
import type { CorePorts } from "../src/core/ports.ts";
import {
  anotherDevice,
  arrive,
  BrowserProfile,
  conversation,
  done,
  type Person,
  reads,
  ready,
  texts,
  timeline,
} from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";
import { until } from "./support/until.ts";

const server = await serverOfTests();

test("nobody is found or added before a device of theirs can read what is said; then the first word is read", async () => {
  const [ada, cleo] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Cleo")]);
  const gate = Promise.withResolvers<void>();
  const slow = await new BrowserProfile(server.url).open((ports: CorePorts) => ({
    ...ports,
    async fetch(path, init) {
      if (path.endsWith("/key-packages")) await gate.promise;
      return ports.fetch(path, init);
    },
  }));
  done(await slow.client.signUp({ email: "zoe@example.org", password: "a slow connection", name: "Zoe" }));
  const app = await until(slow.client.app, ({ phase }) => phase === "ready", "the phase ready");
  assert.ok(app.phase === "ready");
  const zoe = app.me.id;

  assert.deepEqual(done(await ada.client.searchUsers("zoe@example.org")), []);
  assert.deepEqual(await ada.client.startDirect(zoe), { ok: false, code: "unreachable-user" });
  const group = await ada.client.createGroup({ title: "Early", userIds: [cleo.id, zoe] });
  assert.deepEqual(group, { ok: false, code: "unreachable-user" });
  assert.deepEqual(ada.client.conversations.get(), []);

  gate.resolve();
  await untilTrue(async () => done(await ada.client.searchUsers("zoe@example.org")).length === 1);
  const { conversationId: id } = done(await ada.client.startDirect(zoe));
  done(await ada.client.send(id, "the first word"));
  await reads(slow, id, "the first word");
});

test("what is written to somebody who has no device left waits, says so, and is read on their next one", async () => {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  const { conversationId: id } = done(await ada.client.startDirect(bob.id));
  done(await ada.client.send(id, "before"));
  await reads(bob, id, "before");
  done(await bob.client.signOut({ forgetDevice: true }));

  done(await ada.client.send(id, "are you there?"));
  done(await ada.client.send(id, "I will wait"));
  await conversation(ada, id, ({ sync }) => sync === "waiting");
  await timeline(ada, id, (items) => deliveries(items).filter((state) => state === "held").length === 2);
  await ada.close();
  const back = await ada.profile.open();
  await conversation(back, id, ({ sync }) => sync === "waiting");

  const phone = await anotherDevice(bob, server.url);
  await reads(phone, id, "I will wait");
  const items = await timeline(phone, id, (seen) => texts(seen).length === 2);
  assert.deepEqual(texts(items), ["are you there?", "I will wait"]);
  await conversation(back, id, ({ sync }) => sync === "ready");
  assert.ok(items.every(({ kind }) => kind !== "undecryptable"));
});

test("who is away and whose key packages all went out is written to by their last resort, which they then replace", async () => {
  const people = await Promise.all(["Ada", "Cleo", "Bob"].map((name) => arrive(server.url, name)));
  const [ada, cleo, bob] = people as [Person, Person, Person];
  await stocked(bob);
  await bob.close();
  await server.database.query(
    `DELETE FROM key_packages k USING devices d WHERE d.id = k.device_id AND d.user_id = $1 AND NOT k.last_resort`,
    [bob.id],
  );
  const ids: string[] = [];
  for (const person of [ada, cleo]) {
    const { conversationId: id } = done(await person.client.startDirect(bob.id));
    done(await person.client.send(id, `hello from ${person.name}`));
    await timeline(person, id, (items) => deliveries(items).includes("sent"));
    ids.push(id);
  }
  const back = await bob.profile.open();
  await ready(back);
  await reads(back, ids[0] as string, "hello from Ada");
  await reads(back, ids[1] as string, "hello from Cleo");
  await stocked({ ...bob, ...back });
});

/** All that others need is on the server. */
async function stocked({ client }: Person): Promise<void> {
  await untilTrue(async () => {
    const [device] = done(await client.devices());
    const { keyPackages, lastResort } = device ?? {};
    return (
      Object.values(keyPackages ?? { none: 0 }).every((count) => count >= 20) &&
      Object.values(lastResort ?? {}).every(Boolean)
    );
  });
}

function deliveries(items: Awaited<ReturnType<typeof timeline>>): (string | null)[] {
  return items.flatMap((item) => (item.kind === "text" && item.mine ? [item.delivery] : []));
}
