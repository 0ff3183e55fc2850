import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKiller } from "./support/faults.ts";
import {
  arrive,
  closeTabs,
  conversation,
  done,
  type Person,
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
