/** The framing parsers against messages of the real engine, against the library's own decoder, and against garbage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMlsMessage } from "ts-mls";
import { LIMITS } from "../src/contract/index.ts";
import { vector } from "../src/framing/vector.ts";
import {
  decodeIdentity,
  encodeIdentity,
  inspectCommit,
  inspectGroupInfo,
  inspectKeyPackage,
  inspectMlsMessage,
  verifyKeyPackage,
} from "../src/index.ts";
import { CONVERSATION, gather, uuid } from "./party.ts";

async function corpus() {
  const party = await gather("x25519");
  const keyPackage = (await party.keyPackage(9)).public;
  const added = await party.commit(1, { add: [2, 3] });
  const removed = await party.commit(1, { remove: [3], add: [4] });
  const updated = await party.commit(2, {});
  const joined = await party.rejoin(5);
  const rejoined = await party.rejoin(2);
  const application = await party.say(1, "hello");
  const { groupInfo } = rejoined;
  return { keyPackage, added, removed, updated, joined, rejoined, application, groupInfo };
}

const messages = await corpus();
const all = [
  messages.keyPackage,
  messages.application,
  messages.groupInfo,
  messages.added.commit,
  messages.removed.commit,
  messages.joined.commit,
  messages.added.welcome ?? new Uint8Array(),
];

test("each kind of message is told apart, with what its framing says", () => {
  const application = inspectMlsMessage(messages.application);
  assert.deepEqual(application, {
    wireFormat: "private",
    groupId: CONVERSATION,
    epoch: 5,
    contentType: "application",
    authenticatedData: new Uint8Array(32),
  });
  const commit = inspectMlsMessage(messages.added.commit);
  assert.ok(commit?.wireFormat === "public" && commit.contentType === "commit" && commit.epoch === 0);
  assert.deepEqual(commit.sender, { type: "member", leafIndex: 0 });
  assert.deepEqual(inspectMlsMessage(messages.added.welcome ?? new Uint8Array()), {
    wireFormat: "welcome",
    suite: "x25519",
    recipients: 2,
  });
  assert.deepEqual(inspectMlsMessage(messages.keyPackage), { wireFormat: "key-package", suite: "x25519" });
  assert.deepEqual(inspectGroupInfo(messages.groupInfo), {
    groupId: CONVERSATION,
    epoch: 5,
    suite: "x25519",
    joinable: true,
  });
});

test("a commit tells who made it, whom it adds and how many it removes", () => {
  const ids = (commit: Uint8Array) => inspectCommit(commit)?.added.map(({ deviceId }) => deviceId);
  const deviceId = (number: number) => uuid(0x10000 + number);
  assert.deepEqual(ids(messages.added.commit), [deviceId(2), deviceId(3)]);
  assert.deepEqual(ids(messages.removed.commit), [deviceId(4)]);
  const added = inspectCommit(messages.added.commit);
  assert.ok(added?.committer === null && !added.hasPath && !added.external && added.removedLeafCount === 0);
  const removed = inspectCommit(messages.removed.commit);
  assert.ok(removed?.hasPath && removed.committer?.deviceId === deviceId(1));
  assert.deepEqual(removed.removedLeaves, [2]);
  const joined = inspectCommit(messages.joined.commit);
  assert.ok(joined?.external && joined.removedLeafCount === 0 && joined.committer?.userId === uuid(5));
  const rejoined = inspectCommit(messages.rejoined.commit);
  assert.ok(rejoined?.external && rejoined.removedLeafCount === 1);
  assert.deepEqual(rejoined.sender, { type: "new-member-commit" });
});

test("what is not a commit of ours is not taken for one", () => {
  for (const other of [messages.application, messages.keyPackage, messages.groupInfo])
    assert.equal(inspectCommit(other), null);
  const commit = messages.updated.commit;
  // Version, format, group id, epoch, sender with its leaf, no authenticated data, content type, then the proposals.
  const proposals = 4 + 1 + 36 + 8 + 5 + 1 + 1;
  assert.equal(commit[proposals], 0, "an update has no proposals");
  const withProposal = (bytes: number[]) =>
    Uint8Array.of(
      ...commit.subarray(0, proposals),
      bytes.length,
      ...bytes,
      ...commit.subarray(proposals + 1),
    );
  assert.ok(inspectCommit(withProposal([1, 0, 3, 0, 0, 0, 7])), "an inline removal");
  assert.equal(inspectCommit(withProposal([2, 2, 9, 9])), null, "a proposal by reference");
  assert.equal(inspectCommit(withProposal([1, 0, 4, 1, 1, 9, 1, 9])), null, "a pre-shared key");
  assert.equal(inspectCommit(withProposal([1, 0, 5, 1, 9, 0, 1, 0, 1, 0])), null, "a re-initialisation");
  assert.equal(inspectCommit(withProposal([1, 0, 6, 1, 9])), null, "an external init by a member");
  assert.equal(inspectCommit(withProposal([1, 0, 7, 0])), null, "group context extensions");
  assert.equal(inspectCommit(withProposal([1, 0x0a, 0x0a, 0])), null, "an unknown proposal");
});

test("whatever the parsers accept, the library decodes to the same", () => {
  const mutated = fc
    .tuple(fc.constantFrom(...all), fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 3 }))
    .map(([message, changes]) => {
      const bytes = new Uint8Array(message);
      for (const [at, value] of changes) bytes[at % Math.min(bytes.length, 400)] = value;
      return bytes;
    });
  fc.assert(
    fc.property(mutated, (bytes) => {
      const info = inspectMlsMessage(bytes);
      const commit = inspectCommit(bytes);
      // Of a public message only the head was read: what is not our commit need not decode.
      if (info?.wireFormat !== "private" && commit === null) return;
      const decoded = decodeMlsMessage(bytes, 0)?.[0];
      if (info?.wireFormat === "private") {
        assert.ok(decoded?.wireformat === "mls_private_message");
        assert.equal(BigInt(info.epoch), decoded.privateMessage.epoch);
        assert.deepEqual(info.authenticatedData, decoded.privateMessage.authenticatedData);
      }
      if (commit !== null) {
        assert.ok(decoded?.wireformat === "mls_public_message");
        const { content } = decoded.publicMessage;
        assert.ok(content.contentType === "commit");
        assert.equal(content.commit.proposals.length, proposalsOf(commit));
        assert.equal(content.commit.path !== undefined, commit.hasPath);
      }
    }),
    { numRuns: 6000 },
  );
});

function proposalsOf(commit: NonNullable<ReturnType<typeof inspectCommit>>): number {
  return commit.added.length + commit.removedLeafCount + (commit.external ? 1 : 0);
}

test("truncated anywhere or lengthened, nothing is accepted", () => {
  for (const message of all) {
    for (let length = 0; length < message.length; length += length < 200 ? 1 : 37) {
      const cut = message.subarray(0, length);
      assert.equal(inspectCommit(cut), null);
      assert.equal(inspectKeyPackage(cut), null);
      const info = inspectMlsMessage(cut);
      assert.ok(info === null || info.wireFormat === "public", "of a public message only the head is read");
    }
    const longer = Uint8Array.of(...message, 0);
    assert.equal(inspectCommit(longer), null);
    const info = inspectMlsMessage(longer);
    assert.ok(info === null || info.wireFormat === "public");
  }
});

test("random bytes are answered with null and never throw", () => {
  const headed = fc.tuple(fc.nat(6), fc.uint8Array({ maxLength: 400 }));
  fc.assert(
    fc.property(headed, ([format, rest]) => {
      const bytes = Uint8Array.of(0, 1, 0, format, ...rest);
      assert.equal(inspectCommit(bytes), null);
      assert.equal(inspectKeyPackage(bytes), null);
      assert.equal(inspectGroupInfo(bytes), null);
      inspectMlsMessage(bytes);
      inspectMlsMessage(rest);
    }),
    { numRuns: 3000 },
  );
});

test("lengths that are not in their shortest form are refused", () => {
  const { application } = messages;
  const long = Uint8Array.of(...application.subarray(0, 4), 0x40, 36, ...application.subarray(5));
  assert.ok(inspectMlsMessage(application));
  assert.equal(inspectMlsMessage(long), null);
});

test("oversized input is refused without being read", () => {
  assert.equal(inspectCommit(new Uint8Array(LIMITS.commitBytes + 1)), null);
  assert.equal(inspectKeyPackage(new Uint8Array(LIMITS.keyPackageBytes + 1)), null);
  assert.equal(inspectMlsMessage(new Uint8Array(LIMITS.groupInfoBytes + 1)), null);
});

test("a flood of tiny proposals stops at the limit of devices", () => {
  const count = LIMITS.devicesPerConversation + 1;
  const removal = [1, 0, 3, 0, 0, 0, 7];
  const proposals = new Uint8Array(count * removal.length);
  for (let i = 0; i < count; i += 1) proposals.set(removal, i * removal.length);
  const commit = messages.updated.commit;
  const at = 4 + 1 + 36 + 8 + 5 + 1 + 1;
  const withProposals = (list: Uint8Array) =>
    Uint8Array.of(...commit.subarray(0, at), ...vector(list), ...commit.subarray(at + 1));
  assert.equal(inspectCommit(withProposals(proposals)), null);
  const fits = withProposals(proposals.subarray(removal.length));
  assert.equal(inspectCommit(fits)?.removedLeafCount, LIMITS.devicesPerConversation);
});

test("a key package verifies as it is and with no bit changed", async () => {
  const { keyPackage } = messages;
  assert.equal(await verifyKeyPackage(keyPackage), true);
  const info = inspectKeyPackage(keyPackage);
  assert.ok(info !== null && info.userId === uuid(9) && info.suite === "x25519");
  assert.ok(info.notAfter > Date.now() / 1000 + 80 * 24 * 3600);
  for (let at = 0; at < keyPackage.length; at += 1) {
    const changed = new Uint8Array(keyPackage);
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(await verifyKeyPackage(changed), false, `byte ${at}`);
  }
});

test("an identity has one encoding", () => {
  const identity = { userId: uuid(1), deviceId: uuid(2) };
  assert.deepEqual(decodeIdentity(encodeIdentity(identity)), identity);
  assert.throws(() => encodeIdentity({ userId: "me", deviceId: uuid(2) }), TypeError);
  const text = `${uuid(1)}/${uuid(2)}`;
  for (const bad of ["", text.toUpperCase().replaceAll("0", "A"), `${text} `, text.replace("/", "-")])
    assert.equal(decodeIdentity(new TextEncoder().encode(bad)), null, bad);
});
