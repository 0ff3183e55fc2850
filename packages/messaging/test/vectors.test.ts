/** Yesterday's artefacts: everything that an earlier version stored or sent must be read by this one. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type Bytes, equalBytes, fromBase64Url, fromUtf8, systemClock, utf8 } from "@rempart/kernel";
import { type Suite, suite } from "../src/contract/index.ts";
import { createMlsEngine, type DeviceChange } from "../src/engine/index.ts";
import {
  checkReceived,
  inspectCommit,
  inspectGroupInfo,
  inspectKeyPackage,
  type LeafIdentity,
  type MessageBody,
  safetyNumber,
  verifyFranking,
  verifyKeyPackage,
} from "../src/index.ts";
import { CONVERSATION, uuid } from "./party.ts";

interface Vectors {
  readonly groups: readonly GroupVector[];
  readonly bodies: readonly { readonly bytes: string; readonly tag: string; readonly message: MessageBody }[];
  readonly invalidBodies: readonly { readonly why: string; readonly text: string }[];
  readonly safetyNumber: {
    readonly a: Side;
    readonly b: Side;
    readonly groups: string[];
    readonly qrText: string;
  };
}

interface GroupVector {
  readonly suite: Suite;
  readonly directory: Readonly<Record<string, string>>;
  readonly state: string;
  readonly stateBetween: string;
  readonly messages: readonly { readonly bytes: string; readonly text: string }[];
  readonly commits: readonly {
    readonly commit: string;
    readonly change: DeviceChange;
    readonly groupInfo: string;
  }[];
  readonly invitation: {
    readonly welcome: string;
    readonly keyPackage: string;
    readonly secret: string;
    readonly device: { userId: string; deviceId: string; signatureKey: string; privateKey: string };
  };
}

interface Side {
  readonly userId: string;
  readonly devices: readonly { readonly deviceId: string; readonly signatureKey: string }[];
}

function bytes(text: string): Bytes {
  const decoded = fromBase64Url(text);
  assert.ok(decoded);
  return decoded;
}

const folder = new URL("../vectors/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

function engineOf(vector: GroupVector) {
  const verify = async (leaf: LeafIdentity) => {
    const key = vector.directory[`${leaf.userId}/${leaf.deviceId}`];
    return key !== undefined && equalBytes(bytes(key), leaf.signatureKey);
  };
  return createMlsEngine({ directory: { verify }, clock: systemClock });
}

for (const file of files) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Vectors;
  for (const vector of vectors.groups) {
    test(`${file}: a stored ${vector.suite} group reads its messages and follows its commits`, async () => {
      assert.ok(suite.safeParse(vector.suite).success);
      const engine = engineOf(vector);
      let group = engine.importGroup(bytes(vector.state));
      for (const { bytes: message, text } of vector.messages) {
        const step = await engine.decrypt(group, bytes(message));
        assert.equal(fromUtf8(step.output.body), text);
        group = step.group;
      }
      const [, removal] = vector.commits;
      assert.ok(removal);
      const sender = { userId: uuid(1), deviceId: uuid(0x10001) };
      const followed = await engine.processCommit(group, {
        commit: bytes(removal.commit),
        change: removal.change,
        sender,
      });
      assert.equal(followed.group.epoch, group.epoch + 1);
      assert.deepEqual(
        followed.output.removed.map(({ userId }) => userId),
        [uuid(3)],
      );
    });

    test(`${file}: a ${vector.suite} group stored in between keeps the key of the message it skipped`, async () => {
      const engine = engineOf(vector);
      const group = engine.importGroup(bytes(vector.stateBetween));
      const [skipped, read] = vector.messages;
      assert.ok(skipped && read);
      const step = await engine.decrypt(group, bytes(skipped.bytes));
      assert.equal(fromUtf8(step.output.body), skipped.text);
      await assert.rejects(engine.decrypt(group, bytes(read.bytes)), { code: "not-decryptable" });
    });

    test(`${file}: a stored ${vector.suite} key package opens its welcome`, async () => {
      const engine = engineOf(vector);
      const { welcome, keyPackage, secret, device } = vector.invitation;
      assert.ok(await verifyKeyPackage(bytes(keyPackage)));
      assert.equal(inspectKeyPackage(bytes(keyPackage))?.deviceId, device.deviceId);
      const keys = {
        ...device,
        signatureKey: bytes(device.signatureKey),
        privateKey: bytes(device.privateKey),
      };
      const options = {
        conversationId: CONVERSATION,
        welcome: bytes(welcome),
        keyPackage: { secret: bytes(secret) },
      };
      const joined = await engine.join(keys, options);
      assert.equal(engine.ownLeaf(joined.group).deviceId, device.deviceId);
    });

    test(`${file}: the framing of ${vector.suite} commits and group infos is read`, () => {
      for (const { commit, change, groupInfo } of vector.commits) {
        const info = inspectCommit(bytes(commit));
        assert.deepEqual(
          info?.added.map(({ deviceId }) => deviceId),
          change.addedDevices,
        );
        assert.equal(info?.removedLeafCount, change.removedDevices.length);
        assert.equal(inspectGroupInfo(bytes(groupInfo))?.suite, vector.suite);
      }
    });
  }

  test(`${file}: bodies are read and their tags verify`, async () => {
    for (const { bytes: body, tag, message } of vectors.bodies) {
      const { senderId, deviceId, id, conversationId } = message;
      const check = await checkReceived({
        bytes: bytes(body),
        authenticatedData: bytes(tag),
        sender: { userId: senderId, deviceId },
        envelope: { id, conversationId, senderId, deviceId },
      });
      assert.deepEqual(check, { ok: true, message });
      assert.ok(await verifyFranking(bytes(body), bytes(tag)));
    }
  });

  test(`${file}: invalid bodies stay invalid`, async () => {
    for (const { why, text } of vectors.invalidBodies)
      assert.equal(await verifyFranking(utf8(text), new Uint8Array(32)), false, why);
  });

  test(`${file}: the safety number is the same as ever`, async () => {
    const { a, b, groups, qrText } = vectors.safetyNumber;
    const side = ({ userId, devices }: Side) => ({
      userId,
      devices: devices.map(({ deviceId, signatureKey }) => ({ deviceId, signatureKey: bytes(signatureKey) })),
    });
    assert.deepEqual(await safetyNumber(side(a), side(b)), { groups, qrText });
  });
}

test("there are vectors", () => assert.ok(files.length > 0));
