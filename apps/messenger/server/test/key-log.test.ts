import assert from "node:assert/strict";
import { after, test } from "node:test";
import { nodePrimitives } from "@rempart/audit";
import {
  formatProofFile,
  judgeProof,
  openLeaf,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type TrustPolicy,
  treeHash,
  verifyConsistency,
} from "@rempart/audit/verify";
import { fromBase64Url, utf8 } from "@rempart/kernel";
import type { KeyLogAnswer, KeyLogEvent } from "@rempart/messaging/contract";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const server = await testMessenger();
after(() => server[Symbol.asyncDispose]());

test("every change of one's devices is in the published log, with proofs that hold and a body that says what it was", async () => {
  const ada = await Person.arrive(server.publicUrl, "Ada");
  const phone = await ada.another();
  await ada.must("revokeDevice", { params: { deviceId: phone.deviceId } });
  const { head, events } = await integrated(ada, 3);
  const policy = policyOf(head);
  const told = await Promise.all(events.map((event) => proven(event, head, policy)));
  assert.deepEqual(
    told.map(({ resource: { id, metadata } }) => [metadata.number, metadata.change, id]),
    [
      [1, "added", ada.deviceId],
      [2, "added", phone.deviceId],
      [3, "revoked", phone.deviceId],
    ],
  );
  assert.ok(told.every(({ actor }) => actor.userId === ada.id));
  const [event] = events as [KeyLogEvent];
  const altered = { ...event, body: event.body.replace("added", "revoked") };
  assert.equal(
    openLeaf(nodePrimitives.sha256, disclosureOf(altered)),
    null,
    "another body is not in the leaf",
  );
});

test("a later head follows from an earlier one, and only the rest of the events is told", async () => {
  const bob = await Person.arrive(server.publicUrl, "Bob");
  const first = await integrated(bob, 1);
  const old = checkpointOf(first.head);
  await bob.another();
  const later = await integrated(bob, 1, { after: 1, seen: old.size });
  const now = checkpointOf(later.head);
  assert.ok(now.size > old.size);
  assert.deepEqual(
    later.events.map(({ number }) => number),
    [2],
  );
  const claim = { oldSize: old.size, oldRoot: old.root, size: now.size, root: now.root };
  const proof = later.head.consistency.map(bytes);
  const hash = treeHash(nodePrimitives.sha256);
  assert.ok(verifyConsistency(hash, { ...claim, proof }));
  assert.ok(!verifyConsistency(hash, { ...claim, oldRoot: now.root, proof }));
  const published = await bob.must("auditHead", { query: { seen: old.size } });
  assert.ok(checkpointOf(published).size >= now.size);
});

test("others see it who share a conversation, and nobody else", async () => {
  const [cy, di] = await Promise.all(["Cy", "Di"].map((name) => Person.arrive(server.publicUrl, name)));
  assert.ok(cy && di);
  const params = { userId: di.id };
  assert.equal((await cy.call("keyLog", { params })).code, "unknown-user");
  await cy.converse([di]);
  const { events } = (await cy.must("keyLog", { params })) as KeyLogAnswer;
  assert.deepEqual(
    events.map(({ number }) => number),
    [1],
  );
});

/** Asks until the log has integrated that many events. */
async function integrated(
  person: Person,
  count: number,
  query: { after?: number; seen?: number } = {},
): Promise<KeyLogAnswer> {
  for (;;) {
    const reply = await person.call("ownKeyLog", { query: { ...query } });
    const answer = reply.body as KeyLogAnswer;
    const placed = reply.status === 200 ? answer.events.filter(({ place }) => place !== null) : [];
    if (placed.length === count) return answer;
    assert.ok([200, 503].includes(reply.status), `answered ${reply.status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface KeyChangeBody {
  readonly actor: { readonly userId: string };
  readonly resource: {
    readonly id: string;
    readonly metadata: { readonly change: string; readonly number: number };
  };
}

async function proven(
  event: KeyLogEvent,
  head: KeyLogAnswer["head"],
  policy: TrustPolicy,
): Promise<KeyChangeBody> {
  const { place } = event;
  assert.ok(place);
  const file = { ...place, proof: place.proof.map(bytes), checkpoint: utf8(head.checkpoint), extra: null };
  const judged = await judgeProof(nodePrimitives, bytes(event.leaf), utf8(formatProofFile(file)), policy);
  assert.ok(judged.ok, JSON.stringify(judged));
  const opened = openLeaf(nodePrimitives.sha256, disclosureOf(event));
  assert.equal(opened?.type, "key.change");
  return opened?.body as unknown as KeyChangeBody;
}

function policyOf({ keys }: KeyLogAnswer["head"]): TrustPolicy {
  const key = parseVerifierKey(nodePrimitives.sha256, keys[0] ?? "");
  assert.ok(key);
  return { origin: key.name, logKeys: [key], witnessKeys: [], quorum: 0 };
}

function checkpointOf({ checkpoint }: KeyLogAnswer["head"]) {
  const note = parseNote(utf8(checkpoint));
  const parsed = note && parseCheckpoint(note.text);
  assert.ok(parsed);
  return parsed;
}

function disclosureOf({ leaf, body, salt, personal }: KeyLogEvent) {
  return { leaf: bytes(leaf), body, salt: bytes(salt), personal: personal === null ? null : bytes(personal) };
}

function bytes(text: string): Uint8Array {
  return fromBase64Url(text) ?? assert.fail("not base64url");
}
