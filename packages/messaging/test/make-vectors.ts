/**
 * Writes `vectors/v1.json`, once per version of a stored form. Vectors are never rewritten: what was stored by an earlier
 * version must stay readable, and `vectors.test.ts` reads every file there is.
 */
import { existsSync, writeFileSync } from "node:fs";
import { toBase64Url, unsafeSeededRandom } from "@rempart/kernel";
import type { Suite } from "../src/contract/index.ts";
import { safetyNumber, sealBody } from "../src/index.ts";
import { CONVERSATION, gather, uuid } from "./party.ts";

const file = new URL("../vectors/v1.json", import.meta.url);
if (existsSync(file)) throw new Error("vectors are never rewritten: name a new file");

async function group(suite: Suite) {
  const party = await gather(suite);
  const { engine } = party;
  const added = await party.commit(1, { add: [2, 3] });
  const joinable = await party.keyPackage(4);
  const member = party.members.get(2);
  if (member === undefined) throw new Error("device 2 is in the group");
  const before = engine.exportGroup(member.group);
  const skipped = await party.say(1, "skipped");
  const messages = [skipped, await party.say(1, "hello"), await party.say(3, "hello too")];
  await party.hear(2, messages[1] as Uint8Array);
  const between = engine.exportGroup(member.group);
  const removal = await party.commit(1, { remove: [3], add: [5] });
  const invited = await engine.commit(party.members.get(1)?.group as typeof member.group, {
    add: [joinable.public],
  });
  const device = await party.device(4);
  return {
    suite,
    directory: Object.fromEntries([...party.directory.keys].map(([name, key]) => [name, toBase64Url(key)])),
    state: toBase64Url(before),
    messages: [
      { bytes: toBase64Url(messages[0] as Uint8Array), text: "skipped" },
      { bytes: toBase64Url(messages[1] as Uint8Array), text: "hello" },
      { bytes: toBase64Url(messages[2] as Uint8Array), text: "hello too" },
    ],
    /** The second message was read: the first is still to come, the second must not open again. */
    stateBetween: toBase64Url(between),
    commits: [added, removal].map(({ commit, change, groupInfo }) => ({
      commit: toBase64Url(commit),
      change,
      groupInfo: toBase64Url(groupInfo),
    })),
    invitation: {
      welcome: toBase64Url(invited.output.welcome ?? new Uint8Array()),
      keyPackage: toBase64Url(joinable.public),
      secret: toBase64Url(joinable.secret),
      device: {
        userId: device.userId,
        deviceId: device.deviceId,
        signatureKey: toBase64Url(device.signatureKey),
        privateKey: toBase64Url(device.privateKey),
      },
    },
  };
}

async function bodies() {
  const ids = {
    id: uuid(1),
    conversationId: CONVERSATION,
    senderId: uuid(2),
    deviceId: uuid(3),
    sentAt: 1_800_000_000_000,
  };
  const contents = [
    { type: "text", text: "Bonjour, 世界 🛡\nsecond line" },
    { type: "title", title: "Les amis" },
  ] as const;
  const made = [];
  for (const content of contents) {
    const { bytes, tag } = await sealBody({ ...ids, content }, unsafeSeededRandom(made.length));
    made.push({ bytes: toBase64Url(bytes), tag: toBase64Url(tag), message: { ...ids, content } });
  }
  return made;
}

async function safety() {
  const random = unsafeSeededRandom(99);
  const side = (user: number, devices: number[]) => ({
    userId: uuid(user),
    devices: devices.map((device) => ({ deviceId: uuid(device), signatureKey: random.bytes(32) })),
  });
  const [a, b] = [side(1, [11, 12]), side(2, [21])];
  const shown = ({ userId, devices }: typeof a) => ({
    userId,
    devices: devices.map(({ deviceId, signatureKey }) => ({
      deviceId,
      signatureKey: toBase64Url(signatureKey),
    })),
  });
  return { a: shown(a), b: shown(b), ...(await safetyNumber(a, b)) };
}

const invalidBodies = [
  { why: "not JSON", text: "hello" },
  { why: "no salt", text: '{"v":1,"content":{"type":"text","text":"x"}}' },
  { why: "a short salt", text: '{"v":1,"salt":"AAAA","content":{"type":"text","text":"x"}}' },
  { why: "no version", text: `{"salt":"${"A".repeat(43)}","content":{"type":"text","text":"x"}}` },
  { why: "a list", text: "[]" },
];

const vectors = {
  version: 1,
  groups: [await group("x25519"), await group("x-wing")],
  bodies: await bodies(),
  invalidBodies,
  safetyNumber: await safety(),
};
writeFileSync(file, `${JSON.stringify(vectors, null, 1)}\n`);
