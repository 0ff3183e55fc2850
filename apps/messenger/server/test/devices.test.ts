import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { toBase64Url } from "@rempart/kernel";
import { CLOSE, LIMITS } from "@rempart/messaging/contract";
import { engine, Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const server = await testMessenger();
after(() => server[Symbol.asyncDispose]());
const arrive = (name: string) => Person.arrive(server.publicUrl, name);

test("a device is registered once: again is the same answer, another key or owner is refused", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const body = { id: ada.deviceId, name: "again", signatureKey: toBase64Url(ada.keys.signatureKey) };
  const again = await ada.must("registerDevice", { body });
  assert.equal(again.device.id, ada.deviceId);
  assert.equal((await bob.call("registerDevice", { body })).code, "id-taken");
  const key = toBase64Url(bob.keys.signatureKey);
  assert.equal((await ada.call("registerDevice", { body: { ...body, signatureKey: key } })).code, "id-taken");
  const short = { ...body, id: randomUUID(), signatureKey: "AAAA" };
  assert.equal((await ada.call("registerDevice", { body: short })).code, "validation-failed");
});

test("a user has ten devices at most, however fast they come", async () => {
  const ada = await arrive("ada");
  const extra = Array.from({ length: LIMITS.devicesPerUser + 3 }, () => {
    const body = { id: randomUUID(), name: "d", signatureKey: toBase64Url(ada.keys.signatureKey) };
    return ada.call("registerDevice", { body });
  });
  const codes = (await Promise.all(extra)).map((reply) => reply.code ?? reply.status);
  assert.equal(codes.filter((code) => code === 201).length, LIMITS.devicesPerUser - 1);
  assert.equal(codes.filter((code) => code === "too-many-devices").length, 4);
  const { devices } = await ada.must("devices");
  assert.equal(devices.length, LIMITS.devicesPerUser);
});

test("each key package is handed out once, to however many who ask at the same time", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  await bob.uploadKeyPackages(20);
  const claims = await Promise.all(Array.from({ length: 30 }, () => ada.claim([bob])));
  const handed = claims.flat().map((one) => toBase64Url(one));
  assert.equal(handed.length, 20);
  assert.equal(new Set(handed).size, 20);
  const left = await ada.must("claimKeyPackages", {
    body: { suite: "x25519", userIds: [bob.id], deviceId: ada.deviceId },
  });
  assert.equal(left.devices[0].keyPackage, null);
});

test("the last resort goes out while no other is left, to all who ask at the same time, until it is replaced", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const first = await bob.uploadLastResort();
  await bob.uploadKeyPackages(2);
  const claims = await Promise.all(Array.from({ length: 20 }, () => ada.claim([bob])));
  const handed = claims.flat().map((one) => toBase64Url(one));
  assert.equal(handed.length, 20, "nobody is told that there is none");
  assert.equal(handed.filter((one) => one === toBase64Url(first.public)).length, 18);
  assert.equal(new Set(handed).size, 3);
  const second = await bob.uploadLastResort();
  assert.deepEqual(await ada.claim([bob]), [second.public]);
});

test("a device learns that its last resort was given to somebody, and that one stands ready again", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const ready = async () => (await bob.must("devices")).devices[0].lastResort;
  assert.deepEqual(await ready(), { "x-wing": false, x25519: false });
  const upload = await bob.uploadLastResort();
  assert.deepEqual(await ready(), { "x-wing": false, x25519: true });
  await ada.claim([bob]);
  assert.deepEqual(await ready(), { "x-wing": false, x25519: false });
  await bob.uploadLastResort("x25519", upload);
  assert.equal((await ready()).x25519, false, "the same one again is not a new one");
  await bob.uploadLastResort();
  assert.equal((await ready()).x25519, true);
  const { devices } = await bob.must("devices");
  assert.deepEqual(
    devices[0].keyPackages,
    { "x-wing": 0, x25519: 0 },
    "it is not one of those that go out once",
  );
});

test("who has no device that is set up is not found and not added; who has one is, also while all single ones are gone", async () => {
  const ada = await arrive("ada");
  const name = `zoe-${randomUUID().slice(0, 8)}`;
  const zoe = await arrive(name);
  const found = async () => (await ada.must("searchUsers", { query: { q: name } })).users.length;
  assert.equal(await found(), 0);
  await zoe.uploadLastResort("x-wing");
  assert.equal(await found(), 0, "in one kind of conversation only");
  const body = { id: randomUUID(), kind: "direct", suite: "x25519" };
  const group = await engine.createGroup(ada.keys, { conversationId: body.id, suite: "x25519" });
  const { body: first } = await ada.makeCommit(group, { add: await ada.claim([zoe]), addedUsers: [zoe.id] });
  const early = await ada.call("createConversation", { body: { ...body, first } });
  assert.equal(early.code, "unreachable-user");
  await zoe.uploadLastResort();
  assert.equal(await found(), 1);
  const id = await ada.converse([zoe]);
  assert.equal((await ada.send(id, "hello")).status, 201);
  await zoe.must("revokeDevice", { params: { deviceId: zoe.deviceId } });
  assert.equal(await found(), 0);
});

test("an upload sent again does not bring back what was claimed", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const made = await engine.createKeyPackages(bob.keys, { suite: "x-wing", count: 3 });
  const upload = {
    params: { deviceId: bob.deviceId },
    body: { suite: "x-wing", keyPackages: made.map((one) => toBase64Url(one.public)) },
  };
  assert.equal((await bob.must("uploadKeyPackages", upload)).available, 3);
  assert.equal((await ada.claim([bob], "x-wing")).length, 1);
  assert.equal((await bob.must("uploadKeyPackages", upload)).available, 2);
});

test("only one's own, well-made, signed key packages are taken", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const [mine] = await engine.createKeyPackages(ada.keys, { suite: "x25519", count: 1 });
  assert.ok(mine);
  const forged = mine.public.slice();
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
  const upload = (person: Person, bytes: Uint8Array, suite = "x25519", deviceId = person.deviceId) =>
    person.call("uploadKeyPackages", {
      params: { deviceId },
      body: { suite, keyPackages: [toBase64Url(bytes)] },
    });
  assert.equal((await upload(ada, forged)).code, "malformed-mls");
  assert.equal((await upload(ada, mine.public.slice(0, -1))).code, "malformed-mls");
  assert.equal((await upload(ada, mine.public, "x-wing")).code, "malformed-mls");
  assert.equal((await upload(bob, mine.public)).code, "malformed-mls");
  assert.equal((await upload(bob, mine.public, "x25519", ada.deviceId)).code, "unknown-device");
  assert.equal((await upload(ada, mine.public)).status, 201);
});

test("a device holds two hundred key packages at most", async () => {
  const ada = await arrive("ada");
  await ada.uploadKeyPackages(LIMITS.keyPackagesPerUpload);
  await ada.uploadKeyPackages(LIMITS.keyPackagesPerDevice - LIMITS.keyPackagesPerUpload);
  await assert.rejects(() => ada.uploadKeyPackages(1), /too-many-key-packages/);
});

test("a revoked device is closed, forgotten and orphaned, and can do nothing more", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const tablet = await ada.another();
  const id = await bob.converse([ada, tablet], "group");
  await tablet.uploadKeyPackages(3);
  const [bobs, tablets] = await Promise.all([bob.connect(), tablet.connect()]);
  await ada.must("revokeDevice", { params: { deviceId: tablet.deviceId } });
  assert.equal(await tablets.closed, CLOSE.deviceRevoked);
  await bobs.next("conversation", (frame) => frame.conversationId === id);
  const { conversation } = await bob.must("conversation", { params: { conversationId: id } });
  assert.deepEqual(conversation.orphans, [tablet.deviceId]);
  assert.equal((await bob.send(id, "no")).code, "pending-removals");
  assert.equal((await tablet.send(id, "no")).code, "device-revoked");
  const again = await tablet.connect();
  assert.equal(await again.closed, CLOSE.deviceRevoked);
  assert.equal(
    (await bob.claim([ada])).length,
    1,
    "the revoked device's packages are gone, the other's are there",
  );
  assert.equal((await bob.commit(id, { remove: [tablet.deviceId] })).status, 201);
  const { devices } = await bob.must("userDevices", { params: { userId: ada.id } });
  assert.deepEqual(
    devices.map((device: { id: string; revokedAt: number | null }) => [device.id, device.revokedAt !== null]),
    [
      [ada.deviceId, false],
      [tablet.deviceId, true],
    ],
  );
  bobs.close();
});

test("another's device is unknown", async () => {
  const [ada, bob] = [await arrive("ada"), await arrive("bob")];
  const params = { deviceId: bob.deviceId };
  assert.equal((await ada.call("revokeDevice", { params })).code, "unknown-device");
  assert.equal((await ada.call("welcomes", { params })).code, "unknown-device");
  const welcome = { ...params, welcomeId: randomUUID() };
  assert.equal((await ada.call("acknowledgeWelcome", { params: welcome })).code, "unknown-device");
  const claim = { suite: "x25519", userIds: [bob.id], deviceId: bob.deviceId };
  assert.equal((await ada.call("claimKeyPackages", { body: claim })).code, "unknown-device");
  const nobody = { ...claim, userIds: [randomUUID()], deviceId: ada.deviceId };
  assert.equal((await ada.call("claimKeyPackages", { body: nobody })).code, "unknown-user");
  assert.equal((await ada.call("userDevices", { params: { userId: randomUUID() } })).code, "unknown-user");
});
