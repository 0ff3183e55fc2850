import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKiller } from "./support/faults.ts";
import {
  arrive,
  closeTabs,
  conversation,
  done,
  type Person,
  reads,
  ready,
  texts,
  timeline,
} from "./support/person.ts";
import { type Server, startServer } from "./support/server.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(async () => {
  await closeTabs();
  await server.stop();
});

/** Enough writes to pass through every step of sending three messages and receiving three. */
const STEPS = [1, 2, 3, 4, 5, 6, 8, 10];

for (const when of ["before", "after"] as const)
  test(`a core that dies ${when} any of its writes loses nothing and doubles nothing`, async () => {
    const bob = await arrive(server.url, "Bob");
    for (const step of STEPS) {
      const killer = createKiller();
      const ada = await arrive(server.url, "Ada", { change: killer.change });
      const { conversationId: id } = done(await ada.client.startDirect(bob.id));
      await conversation(bob, id);
      await timeline(ada, id, () => true);
      killer.arm(step, when);
      const accepted = await exchange(ada, bob, id);
      await ada.close();

      const back = await ada.profile.open();
      await ready(back);
      await conversation(back, id, ({ sync }) => sync === "ready");
      done(await back.client.send(id, "and on"));
      done(await bob.client.send(id, "go on"));
      const bobs = texts(await timeline(bob, id, (items) => texts(items).includes("and on")));
      const adas = texts(
        await timeline(back, id, (items) => ["and on", "go on"].every((text) => texts(items).includes(text))),
      );
      for (const text of accepted) {
        assert.equal(count(bobs, text), 1, `${when} ${step}: Bob has ${text} once`);
        assert.equal(count(adas, text), 1, `${when} ${step}: Ada has ${text} once`);
      }
      for (const text of ["re 0", "re 1", "re 2"])
        assert.equal(count(adas, text), 1, `${when} ${step}: Ada has ${text} once`);
      assert.deepEqual([...bobs].sort(), [...adas].sort(), `${when} ${step}: both have the same`);
      await back.close();
    }
  });

test("a core that dies while it creates a group leaves a whole group behind, or none", async () => {
  const bob = await arrive(server.url, "Bob");
  for (const when of ["before", "after"] as const)
    for (const step of [1, 2, 3, 4]) {
      const killer = createKiller();
      const ada = await arrive(server.url, "Ada", { change: killer.change });
      await keyPackagesAreThere(ada);
      killer.arm(step, when);
      await ada.client.createGroup({ title: "half a group", userIds: [bob.id] });
      await ada.close();
      const back = await ada.profile.open();
      await ready(back);
      const { conversationId: id } = done(await back.client.createGroup({ title: "new", userIds: [bob.id] }));
      await conversation(bob, id, ({ title }) => title === "new");
      for (const { id: each } of back.client.conversations.get() ?? []) {
        await conversation(back, each, ({ sync }) => sync === "ready");
        done(await back.client.send(each, `${when} ${step} ${each}`));
        await reads(bob, each, `${when} ${step} ${each}`);
      }
      await back.close();
    }
});

/** Nothing else writes from then on. */
async function keyPackagesAreThere({ client }: Person): Promise<void> {
  for (;;) {
    const [device] = done(await client.devices());
    if (device && device.keyPackages["x-wing"] >= 40 && device.keyPackages.x25519 >= 40) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Three messages each way, as far as it gets. Answers with those that Ada's device said it had stored. */
async function exchange(ada: Person, bob: Person, id: string): Promise<string[]> {
  const accepted: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    if ((await ada.client.send(id, `m${i}`)).ok) accepted.push(`m${i}`);
    done(await bob.client.send(id, `re ${i}`));
  }
  await timeline(bob, id, (items) => texts(items).filter((text) => text.startsWith("re")).length === 3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return accepted;
}

function count(list: readonly string[], text: string): number {
  return list.filter((candidate) => candidate === text).length;
}
