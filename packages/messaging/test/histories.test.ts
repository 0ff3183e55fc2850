/** Random histories of one group with real cryptography: whatever happened before, everybody agrees and can be joined. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "@rempart/kernel";
import fc from "fast-check";
import { gather, type Party } from "./party.ts";

type Act = { kind: "add" | "remove" | "swap" | "update" | "rejoin" | "device"; pick: number; other: number };

const acts = fc.array(
  fc.record({
    kind: fc.constantFrom<Act["kind"]>(
      "add",
      "add",
      "remove",
      "swap",
      "update",
      "update",
      "rejoin",
      "device",
    ),
    pick: fc.nat(1000),
    other: fc.nat(1000),
  }),
  { minLength: 5, maxLength: 20 },
);

async function perform(party: Party, act: Act, fresh: number): Promise<void> {
  const numbers = [...party.members.keys()];
  const by = numbers[act.pick % numbers.length] as number;
  const other = numbers[act.other % numbers.length] as number;
  switch (act.kind) {
    case "add":
      await party.commit(by, { add: [fresh] });
      return;
    case "remove":
      if (by !== other) await party.commit(by, { remove: [other] });
      return;
    case "swap":
      if (by !== other) await party.commit(by, { remove: [other], add: [fresh] });
      return;
    case "update":
      await party.commit(by, {});
      return;
    case "rejoin":
      if (numbers.length > 1) await party.rejoin(by);
      return;
    case "device":
      await party.rejoin(fresh);
  }
}

async function assertAgreement(party: Party): Promise<void> {
  const views = [...party.members.values()].map(({ group }) => toHex(party.engine.epochAuthenticator(group)));
  assert.equal(new Set(views).size, 1, "everybody is in the same epoch of the same group");
  const [speaker, ...listeners] = [...party.members.keys()];
  const message = await party.say(speaker as number, "agreed?");
  for (const listener of listeners) assert.equal(await party.hear(listener, message), "agreed?");
}

test("after any history all members agree, and a new device can join both ways", async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const party = await gather("x25519");
      await party.commit(1, { add: [2, 3, 4, 5] });
      let fresh = 100;
      for (const act of history) {
        fresh += 1;
        await perform(party, act, fresh);
      }
      await party.commit([...party.members.keys()][0] as number, { add: [900] });
      await party.rejoin(901);
      await assertAgreement(party);
    }),
    { numRuns: 5 },
  );
});
