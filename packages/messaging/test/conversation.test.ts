/** Conversations of two and three devices with real cryptography, and the attacks on them that must fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, toHex, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { LIMITS } from "../src/contract/index.ts";
import {
  createMlsEngine,
  type Group,
  MessagingError,
  type MessagingErrorCode,
  suiteFor,
} from "../src/engine/index.ts";
import { inspectCommit, inspectMlsMessage } from "../src/index.ts";
import { CONVERSATION, gather, type Party, uuid } from "./party.ts";

const deviceId = (number: number) => uuid(0x10000 + number);

function groupOf(party: Party, number: number): Group {
  const member = party.members.get(number);
  assert.ok(member, `device ${number} is in the group`);
  return member.group;
}

/** Unlike the group itself, not reached by what the party releases. */
function copyOf(party: Party, number: number): Group {
  return party.engine.importGroup(party.engine.exportGroup(groupOf(party, number)));
}

function rejects(operation: Promise<unknown>, ...codes: MessagingErrorCode[]): Promise<void> {
  return assert.rejects(operation, (error: unknown) => {
    assert.ok(error instanceof MessagingError, String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  });
}

for (const suite of ["x-wing", "x25519"] as const) {
  test(`${suite}: two devices talk both ways, and a third that is added hears what follows`, async () => {
    const party = await gather(suite);
    await party.commit(1, { add: [2] });
    assert.equal(await party.hear(2, await party.say(1, "hello")), "hello");
    assert.equal(await party.hear(1, await party.say(2, "hello yourself")), "hello yourself");
    const before = await party.say(1, "before Carol");
    await party.hear(2, before);
    const commit = await party.commit(2, { add: [3] });
    assert.deepEqual(commit.change, { addedDevices: [deviceId(3)], removedDevices: [], external: false });
    const message = await party.say(3, "hi both");
    assert.equal(await party.hear(1, message), "hi both");
    assert.equal(await party.hear(2, message), "hi both");
    await rejects(party.engine.decrypt(groupOf(party, 3), before), "stale-epoch");
    assert.deepEqual(
      party.engine.leaves(groupOf(party, 1)).map((leaf) => leaf.deviceId),
      [1, 2, 3].map(deviceId),
    );
  });
}

test("a removed device cannot decrypt what follows (as it could with ts-mls 1.6.2)", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const removed = copyOf(party, 3);
  const commit = await party.commit(1, { remove: [3] });
  const secret = await party.say(1, "without you");
  assert.equal(await party.hear(2, secret), "without you");

  await rejects(party.engine.decrypt(removed, secret), "future-epoch");
  const sender = await party.device(1);
  const told = await party.engine.processCommit(removed, { ...commit, sender });
  assert.equal(told.output.selfRemoved, true);
  assert.equal(told.group.active, false);
  const [theirs, ours] = [told.group, groupOf(party, 1)].map(party.engine.epochAuthenticator);
  assert.notDeepEqual(theirs, ours, "it did not derive the new epoch's secrets");
  await rejects(party.engine.decrypt(told.group, secret), "removed");
  await rejects(party.engine.encrypt(told.group, utf8("let me in"), new Uint8Array(32)), "removed");
  const kept = party.engine.exportGroup(told.group);
  assert.ok(kept.length < party.engine.exportGroup(removed).length, "and it keeps no keys");
});

test("a device learns of its removal even when a new one takes its place in the tree", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const removed = copyOf(party, 3);
  const commit = await party.commit(1, { remove: [3], add: [4] });
  const sender = await party.device(1);
  const told = await party.engine.processCommit(removed, { ...commit, sender });
  assert.ok(told.output.selfRemoved && !told.group.active);
  const forged = new Uint8Array(commit.commit);
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  await rejects(party.engine.processCommit(removed, { ...commit, commit: forged, sender }), "tampered");
  assert.equal(await party.hear(4, await party.say(2, "hello, four")), "hello, four");
});

test("a removed device that pretends the epoch did not change opens nothing", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const removed = copyOf(party, 3);
  await party.commit(1, { remove: [3] });
  const secret = await party.say(1, "without you");
  const info = inspectMlsMessage(secret);
  assert.ok(info?.wireFormat === "private");
  // The epoch stands after the version, the wire format and the group id with its length.
  const relabelled = new Uint8Array(secret);
  new DataView(relabelled.buffer).setBigUint64(4 + 1 + 36, BigInt(removed.epoch));
  await rejects(party.engine.decrypt(removed, relabelled), "not-decryptable");
});

test("messages of one epoch may come out of order; none is accepted twice", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const texts = ["one", "two", "three", "four"];
  const messages = [];
  for (const text of texts) messages.push(await party.say(1, text));
  for (const at of [2, 0, 3, 1]) assert.equal(await party.hear(2, messages[at] as Uint8Array), texts[at]);
  for (const message of messages)
    await rejects(party.engine.decrypt(groupOf(party, 2), message), "not-decryptable");
  await rejects(party.engine.decrypt(groupOf(party, 1), messages[0] as Uint8Array), "not-decryptable");
});

test("a ratchet is turned forward a bounded number of steps", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const messages = [];
  for (let i = 0; i < 1003; i += 1) messages.push(await party.say(1, `${i}`));
  await rejects(party.engine.decrypt(groupOf(party, 2), messages[1002] as Uint8Array), "not-decryptable");
  assert.equal(await party.hear(2, messages[1000] as Uint8Array), "1000");
  assert.equal(await party.hear(2, messages[990] as Uint8Array), "990");
  await rejects(party.engine.decrypt(groupOf(party, 2), messages[900] as Uint8Array), "not-decryptable");
  assert.equal(await party.hear(2, messages[1002] as Uint8Array), "1002");
});

test("a device that missed epochs rejoins by itself and replaces its former leaf", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const absent = party.members.get(3);
  party.members.delete(3);
  await party.commit(1, {});
  await party.commit(2, {});
  const missed = await party.say(2, "missed");
  assert.ok(absent);
  await rejects(party.engine.decrypt(absent.group, missed), "future-epoch");
  const commit = await party.rejoin(3);
  assert.deepEqual(commit.change, {
    addedDevices: [deviceId(3)],
    removedDevices: [deviceId(3)],
    external: true,
  });
  assert.equal(inspectCommit(commit.commit)?.committer?.deviceId, deviceId(3));
  assert.equal(party.engine.leaves(groupOf(party, 1)).length, 3);
  const message = await party.say(3, "back");
  assert.equal(await party.hear(1, message), "back");
  assert.equal(await party.hear(2, message), "back");
});

test("a new device of a member joins by itself", async () => {
  const party = await gather("x-wing");
  await party.commit(1, { add: [2] });
  await party.rejoin(4);
  assert.equal(await party.hear(4, await party.say(1, "welcome")), "welcome");
});

test("two commits from one epoch: the later one is stale, its maker processes the other and rebases", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const { engine } = party;
  const carol = await party.keyPackage(3);
  const losing = await engine.commit(groupOf(party, 1), { add: [carol.public] });
  await party.commit(2, {});
  await rejects(
    engine.processCommit(groupOf(party, 2), { ...losing.output, sender: await party.device(1) }),
    "stale-epoch",
  );
  const rebased = await engine.commit(groupOf(party, 1), { add: [carol.public] });
  assert.equal(rebased.output.epoch, losing.output.epoch + 1);
  const seen = await engine.processCommit(groupOf(party, 2), {
    ...rebased.output,
    sender: await party.device(1),
  });
  assert.deepEqual(engine.epochAuthenticator(seen.group), engine.epochAuthenticator(rebased.group));
});

test("exported at any point, a group goes on from there, and old bytes survive what is released later", async () => {
  const party = await gather("x25519");
  const reload = () => {
    for (const member of party.members.values())
      member.group = party.engine.importGroup(party.engine.exportGroup(member.group));
  };
  reload();
  await party.commit(1, { add: [2, 3] });
  reload();
  const first = await party.say(1, "first");
  const second = await party.say(1, "second");
  reload();
  assert.equal(await party.hear(2, second), "second");
  const saved = party.engine.exportGroup(groupOf(party, 2));
  assert.equal(await party.hear(2, first), "first");
  const again = party.engine.importGroup(saved);
  assert.deepEqual((await party.engine.decrypt(again, first)).output.body, utf8("first"));
  await party.commit(3, { remove: [1] });
  reload();
  assert.equal(await party.hear(3, await party.say(2, "bye")), "bye");
});

test("stored bytes that are damaged are refused with a code", async () => {
  const party = await gather("x25519");
  const saved = party.engine.exportGroup(groupOf(party, 1));
  const unreadable = (bytes: Uint8Array) =>
    assert.throws(
      () => party.engine.importGroup(bytes),
      (error: unknown) => error instanceof MessagingError && error.code === "unreadable-state",
    );
  unreadable(new Uint8Array());
  unreadable(saved.subarray(0, saved.length - 1));
  unreadable(Uint8Array.of(99, ...saved.subarray(1)));
  unreadable(Uint8Array.of(...saved, 0));
});

test("a leaf whose key the directory does not confirm is refused, wherever it comes in", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const { engine, directory } = party;
  const ghost = await engine.createDevice({ userId: uuid(2), deviceId: deviceId(9) });
  const [ghostPackage] = await engine.createKeyPackages(ghost, { suite: "x25519", count: 1 });
  assert.ok(ghostPackage);
  await rejects(engine.commit(groupOf(party, 1), { add: [ghostPackage.public] }), "unauthorised-credential");

  // A member in league with the ghost believes in it; the others do not follow the commit, nor does anybody join.
  directory.register(ghost);
  const accomplice = await engine.commit(groupOf(party, 1), { add: [ghostPackage.public] });
  directory.keys.delete(`${ghost.userId}/${ghost.deviceId}`);
  const sender = await party.device(1);
  await rejects(
    engine.processCommit(groupOf(party, 2), { ...accomplice.output, sender }),
    "unauthorised-credential",
  );
  const { groupInfo } = accomplice.output;
  await rejects(
    engine.joinExternally(await party.device(5), { conversationId: CONVERSATION, groupInfo }),
    "unauthorised-credential",
  );
});

test("a directory that cannot answer fails the operation with its own error", async () => {
  const party = await gather("x25519");
  const engine = createMlsEngine({
    directory: { verify: () => Promise.reject(new Error("the directory is away")) },
    clock: { now: () => Date.now(), monotonic: () => 0 },
  });
  const { public: keyPackage } = await party.keyPackage(2);
  await assert.rejects(engine.commit(groupOf(party, 1), { add: [keyPackage] }), /the directory is away/);
});

test("a commit that does not do what its frame says is refused", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const { engine } = party;
  const { output } = await engine.commit(groupOf(party, 1), { remove: [deviceId(3)] });
  const sender = await party.device(1);
  const { commit, change } = output;
  const lies = [
    { ...change, removedDevices: [] },
    { ...change, removedDevices: [deviceId(2)] },
    { ...change, removedDevices: [deviceId(3), deviceId(3)] },
    { ...change, addedDevices: [deviceId(4)] },
    { ...change, external: true },
  ];
  for (const lie of lies)
    await rejects(
      engine.processCommit(groupOf(party, 2), { commit, change: lie, sender }),
      "commit-mismatch",
    );
  await rejects(
    engine.processCommit(groupOf(party, 2), { commit, change, sender: await party.device(3) }),
    "commit-mismatch",
  );
  await engine.processCommit(groupOf(party, 2), { commit, change, sender });
});

test("a commit's bytes changed anywhere are refused with a code", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const { output } = await party.engine.commit(groupOf(party, 1), { remove: [deviceId(3)] });
  const sender = await party.device(1);
  const codes: MessagingErrorCode[] = [
    "malformed",
    "tampered",
    "wrong-group",
    "stale-epoch",
    "future-epoch",
    "commit-mismatch",
  ];
  await fc.assert(
    fc.asyncProperty(fc.nat(output.commit.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
      const commit = new Uint8Array(output.commit);
      commit[at] = (commit[at] as number) ^ bits;
      await rejects(party.engine.processCommit(groupOf(party, 2), { ...output, commit, sender }), ...codes);
    }),
    { numRuns: 150 },
  );
});

test("an external commit that removes a leaf outside of the tree is refused, not walked for ever", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3] });
  const { groupInfo } = await party.commit(1, {});
  const device = await party.device(3);
  const { output } = await party.engine.joinExternally(device, { conversationId: CONVERSATION, groupInfo });
  const commit = new Uint8Array(output.commit);
  const removal = commit.findIndex((_, at) =>
    [1, 0, 3, 0, 0, 0, 2].every((byte, i) => commit[at + i] === byte),
  );
  assert.ok(removal > 0);
  for (const leafIndex of [900, 2 ** 31, 2 ** 32 - 1]) {
    new DataView(commit.buffer).setUint32(removal + 3, leafIndex);
    const incoming = { commit, change: output.change, sender: device };
    await rejects(party.engine.processCommit(groupOf(party, 1), incoming), "commit-mismatch");
  }
});

test("garbage never throws anything but a coded error", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const { engine } = party;
  const device = await party.device(1);
  const group = groupOf(party, 1);
  const keyPackage = await party.keyPackage(7);
  const genuine = await party.say(2, "genuine");
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 4, 5), fc.uint8Array({ maxLength: 300 }))
      .map(([format, rest]) => Uint8Array.of(0, 1, 0, format, ...rest)),
    fc.nat(genuine.length - 1).map((length) => genuine.subarray(0, length)),
    fc.tuple(fc.nat(genuine.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
      const changed = new Uint8Array(genuine);
      changed[at] = (changed[at] as number) ^ bits;
      return changed;
    }),
  );
  const change = { addedDevices: [], removedDevices: [], external: false };
  const refused = (operation: Promise<unknown>) =>
    assert.rejects(operation, (error) => error instanceof MessagingError);
  await fc.assert(
    fc.asyncProperty(bytes, async (garbage) => {
      await refused(engine.decrypt(group, garbage));
      await refused(engine.processCommit(group, { commit: garbage, change, sender: device }));
      await refused(engine.commit(group, { add: [garbage] }));
      await refused(engine.join(device, { conversationId: CONVERSATION, welcome: garbage, keyPackage }));
      await refused(engine.joinExternally(device, { conversationId: CONVERSATION, groupInfo: garbage }));
      assert.deepEqual(engine.welcomeKeyPackageIds(garbage), []);
    }),
    { numRuns: 150 },
  );
});

test("a welcome opens for the key package it names, in its conversation, for a device not yet in", async () => {
  const party = await gather("x25519");
  const { engine } = party;
  const [right, other] = [await party.keyPackage(2), await party.keyPackage(2)];
  const { output } = await engine.commit(groupOf(party, 1), { add: [right.public] });
  const welcome = output.welcome ?? new Uint8Array();
  assert.deepEqual(engine.welcomeKeyPackageIds(welcome), [right.id]);
  const device = await party.device(2);
  const conversationId = CONVERSATION;
  await rejects(engine.join(device, { conversationId, welcome, keyPackage: other }), "not-decryptable");
  await rejects(engine.join(device, { conversationId: uuid(77), welcome, keyPackage: right }), "wrong-group");
  const joined = await engine.join(device, { conversationId, welcome, keyPackage: right });
  assert.equal(joined.output.length, 2);
  await rejects(engine.commit(joined.group, { add: [right.public] }), "invalid-change");
  await rejects(engine.commit(groupOf(party, 1), { add: [right.public, right.public] }), "invalid-change");
});

test("a key package that expired, is of the other suite, or was changed is refused", async () => {
  const party = await gather("x25519");
  const { engine } = party;
  const device = await party.device(2);
  const [old] = await engine.createKeyPackages(device, { suite: "x25519", count: 1, lifetimeSeconds: -1 });
  const [other] = await engine.createKeyPackages(device, { suite: "x-wing", count: 1 });
  const good = await party.keyPackage(2);
  const changed = new Uint8Array(good.public);
  changed[10] = (changed[10] as number) ^ 1;
  const group = groupOf(party, 1);
  for (const made of [old?.public, other?.public, changed])
    await rejects(
      engine.commit(group, { add: [made ?? new Uint8Array()] }),
      "invalid-key-package",
      "tampered",
    );
  await rejects(engine.commit(group, { remove: [deviceId(2)] }), "invalid-change");
  await rejects(engine.commit(group, { remove: [deviceId(1)] }), "invalid-change");
});

test("a clock that is wrong by days keeps nobody from being added", async () => {
  const party = await gather("x25519");
  const device = await party.device(2);
  for (const days of [-6, 6]) {
    const clock = { ...systemClock, now: () => Date.now() + days * 86_400_000 };
    const engine = createMlsEngine({ directory: party.directory, clock });
    const [made] = await engine.createKeyPackages(device, { suite: "x25519", count: 1 });
    assert.ok(made);
    const { output } = await party.engine.commit(groupOf(party, 1), { add: [made.public] });
    assert.deepEqual(output.change.addedDevices, [deviceId(2)]);
  }
});

test("a post-quantum group is not grown past its limit; a larger one is created with suite 1", async () => {
  assert.equal(suiteFor(LIMITS.postQuantumDevices), "x-wing");
  assert.equal(suiteFor(LIMITS.postQuantumDevices + 1), "x25519");
  const many = Array.from({ length: LIMITS.postQuantumDevices }, (_, i) => i + 2);
  const quantum = await gather("x-wing");
  const packages = [];
  for (const number of many) packages.push((await quantum.keyPackage(number)).public);
  await rejects(quantum.engine.commit(groupOf(quantum, 1), { add: packages }), "group-too-large");

  const party = await gather("x25519");
  const last = many.at(-1) as number;
  const adds = [];
  let lastPackage = await party.keyPackage(last);
  for (const number of many) {
    lastPackage = await party.keyPackage(number);
    adds.push(lastPackage.public);
  }
  const { engine } = party;
  const step = await engine.commit(groupOf(party, 1), { add: adds });
  assert.ok(step.output.commit.length < LIMITS.commitBytes);
  const joined = await engine.join(await party.device(last), {
    conversationId: CONVERSATION,
    welcome: step.output.welcome ?? new Uint8Array(),
    keyPackage: lastPackage,
  });
  const said = await engine.encrypt(step.group, utf8("hello, all"), new Uint8Array(32));
  assert.deepEqual((await engine.decrypt(joined.group, said.output)).output.body, utf8("hello, all"));
});

test("ciphertexts of short messages have one length", async () => {
  const party = await gather("x25519");
  await party.commit(1, { add: [2] });
  const lengths = new Set<number>();
  for (const text of ["", "a", "a".repeat(100), "é".repeat(80)])
    lengths.add((await party.say(1, text)).length);
  assert.equal(lengths.size, 1);
});

test("the authenticator tells groups and epochs apart", async () => {
  const party = await gather("x25519");
  const seen = new Set<string>();
  for (let i = 0; i < 3; i += 1) {
    seen.add(toHex(party.engine.epochAuthenticator(groupOf(party, 1))));
    await party.commit(1, {});
  }
  assert.equal(seen.size, 3);
});
