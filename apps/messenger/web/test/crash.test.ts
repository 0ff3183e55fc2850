import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import type { TimelineItem } from "../src/client/api.ts";
import { createKiller, type Killer } from "./support/faults.ts";
import { arrive, conversation, done, type Person, reads, ready, texts, timeline } from "./support/person.ts";
import { serverOfTests } from "./support/server.ts";

const server = await serverOfTests();

/** Enough writes to pass through every step of sending three messages and receiving three. */
const STEPS = [1, 2, 3, 4, 5, 6, 8, 10];

for (const when of ["before", "after"] as const)
  test(`a core that dies ${when} any of its writes loses nothing and doubles nothing`, async () => {
    const { ada, bob } = await pair();
    const { conversationId: id } = done(await ada.client.startDirect(bob.id));
    await conversation(bob, id);
    await ada.close();
    for (const step of STEPS) {
      const killer = createKiller();
      const mortal = await ada.profile.open(killer.change);
      await ready(mortal);
      await conversation(mortal, id);
      await timeline(mortal, id, () => true);
      killer.arm(step, when);
      const accepted = await exchange(mortal, killer, bob, { id, step });
      await mortal.close();

      const back = await ada.profile.open();
      await ready(back);
      await conversation(back, id, ({ sync }) => sync === "ready");
      done(await back.client.send(id, `${step}: and on`));
      done(await bob.client.send(id, `${step}: go on`));
      const bobs = await told(bob, { id, step }, ["and on"]);
      const adas = await told(back, { id, step }, ["and on", "go on"]);
      for (const text of accepted) {
        assert.equal(count(bobs, text), 1, `${when} ${step}: Bob has ${text} once`);
        assert.equal(count(adas, text), 1, `${when} ${step}: Ada has ${text} once`);
      }
      for (const text of ["re 0", "re 1", "re 2"])
        assert.equal(count(adas, text), 1, `${when} ${step}: Ada has ${text} once`);
      assert.deepEqual(bobs.sort(), adas.sort(), `${when} ${step}: both have the same`);
      await back.close();
    }
    await bob.close();
  });

test("a core that dies while it creates a group leaves a whole group behind, or none", async () => {
  const { ada, bob } = await pair();
  await keyPackagesAreThere(ada);
  await ada.close();
  const whole = new Set<string>();
  for (const when of ["before", "after"] as const)
    for (const step of [1, 2, 3, 4]) {
      const killer = createKiller();
      const mortal = await ada.profile.open(killer.change);
      await ready(mortal);
      killer.arm(step, when);
      await mortal.client.createGroup({ title: "half a group", userIds: [bob.id] });
      await mortal.close();
      const back = await ada.profile.open();
      await ready(back);
      const { conversationId: id } = done(await back.client.createGroup({ title: "new", userIds: [bob.id] }));
      await conversation(bob, id, ({ title }) => title === "new");
      for (const { id: each } of back.client.conversations.get() ?? []) {
        if (whole.has(each)) continue;
        await conversation(back, each, ({ sync }) => sync === "ready");
        done(await back.client.send(each, `${when} ${step} ${each}`));
        await reads(bob, each, `${when} ${step} ${each}`);
        whole.add(each);
      }
      await back.close();
    }
});

/** One pair for all deaths of a test: making an account's keys takes longer than an exchange. */
async function pair(): Promise<{ ada: Person; bob: Person }> {
  const [ada, bob] = await Promise.all([arrive(server.url, "Ada"), arrive(server.url, "Bob")]);
  return { ada, bob };
}

/** Nothing else writes from then on. */
async function keyPackagesAreThere({ client }: Person): Promise<void> {
  await until(async () => {
    const [device] = done(await client.devices());
    return device !== undefined && device.keyPackages["x-wing"] >= 40 && device.keyPackages.x25519 >= 40;
  });
}

interface Round {
  /** Of the conversation. */
  readonly id: string;
  /** All texts of one round begin with it. */
  readonly step: number;
}

/**
 * Three messages each way, until Ada has the answers or is dead. Answers with those that Ada's device said it had stored.
 */
async function exchange(
  ada: Pick<Person, "client">,
  killer: Killer,
  bob: Person,
  { id, step }: Round,
): Promise<string[]> {
  const accepted: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    if ((await ada.client.send(id, `${step}: m${i}`)).ok) accepted.push(`m${i}`);
    done(await bob.client.send(id, `${step}: re ${i}`));
  }
  const items = ada.client.timeline(id);
  await until(() => killer.dead || count(texts(items.get().items), `${step}: re 2`) === 1);
  return accepted;
}

/** What somebody has of one round, once it has all of `awaited`. */
async function told(
  person: Pick<Person, "client">,
  { id, step }: Round,
  awaited: readonly string[],
): Promise<string[]> {
  const ofRound = (items: readonly TimelineItem[]): string[] =>
    texts(items).flatMap((text) => (text.startsWith(`${step}: `) ? [text.slice(`${step}: `.length)] : []));
  return ofRound(
    await timeline(person, id, (items) => awaited.every((text) => ofRound(items).includes(text))),
  );
}

function count(list: readonly string[], text: string): number {
  return list.filter((candidate) => candidate === text).length;
}
