import { type Clock, fromUtf8, toHex, utf8 } from "@rempart/kernel";
import { createGroup, decodeMlsMessage } from "ts-mls";
import { LIMITS, type Suite } from "../contract/index.ts";
import { inspectGroupInfo, inspectMlsMessage } from "../framing/index.ts";
import { MessagingError } from "./errors.ts";
import { decrypt, encrypt } from "./mls/application.ts";
import { checkSize, encode, groupInfoOf, makeCommit, receiveCommit } from "./mls/commit.ts";
import { guard } from "./mls/guard.ts";
import { joinByWelcome } from "./mls/join.ts";
import { joinByExternalCommit } from "./mls/join-externally.ts";
import { freshKeyPackage, readSecret, storable } from "./mls/key-packages.ts";
import { CredentialCheck, clientConfig } from "./mls/policy.ts";
import { leafAt, leavesOf, MlsGroup, stateOf } from "./mls/state.ts";
import { exportState, importState } from "./mls/storage.ts";
import { loadSuite } from "./mls/suites.ts";
import type { CryptoEngine, DeviceDirectory, DeviceKeys, Group, OutgoingCommit, Step } from "./types.ts";

const NINETY_DAYS_SECONDS = 90 * 24 * 3600;

/** Post-quantum up to about a hundred devices; above, a commit would weigh over a kilobyte a device. */
export function suiteFor(devices: number): Suite {
  return devices <= LIMITS.postQuantumDevices ? "x-wing" : "x25519";
}

/** The engine over ts-mls. It holds no state of its own: two engines may take turns on a group. */
export function createMlsEngine(ports: {
  readonly directory: DeviceDirectory;
  readonly clock: Clock;
}): CryptoEngine {
  const { directory, clock } = ports;
  const nowSeconds = () => Math.floor(clock.now() / 1000);
  return {
    async createDevice(identity) {
      const { signature } = await loadSuite("x25519");
      const { publicKey, signKey } = await signature.keygen();
      const { userId, deviceId } = identity;
      return {
        userId,
        deviceId,
        signatureKey: new Uint8Array(publicKey),
        privateKey: new Uint8Array(signKey),
      };
    },

    async createKeyPackages(device, { suite, count, lifetimeSeconds = NINETY_DAYS_SECONDS }) {
      const now = nowSeconds();
      const made = [];
      for (let i = 0; i < count; i += 1) {
        const own = await freshKeyPackage(device, suite, now, now + lifetimeSeconds);
        made.push(await storable(own, suite, now + lifetimeSeconds));
      }
      return made;
    },

    async createGroup(device, { conversationId, suite }) {
      const now = nowSeconds();
      const own = await freshKeyPackage(device, suite, now, now + NINETY_DAYS_SECONDS);
      const config = clientConfig(new CredentialCheck(directory));
      const implementation = await loadSuite(suite);
      const groupId = utf8(conversationId);
      return new MlsGroup(await createGroup(groupId, own.keyPackage, own.keys, [], implementation, config));
    },

    commit: (group, change) => makeCommit(group, change, directory),
    processCommit: (group, incoming) => receiveCommit(group, incoming, directory),
    encrypt,
    decrypt,

    welcomeKeyPackageIds(bytes) {
      if (inspectMlsMessage(bytes)?.wireFormat !== "welcome") return [];
      const message = decodeMlsMessage(bytes, 0)?.[0];
      if (message?.wireformat !== "mls_welcome") return [];
      return message.welcome.secrets.map(({ newMember }) => toHex(newMember));
    },

    async join(device, { conversationId, welcome, keyPackage }) {
      const own = readSecret(keyPackage.secret, device);
      const info = inspectMlsMessage(welcome);
      if (info?.wireFormat !== "welcome") throw new MessagingError("malformed", "Not a welcome");
      const suite = await loadSuite(info.suite);
      const check = new CredentialCheck(directory);
      return guard("not-decryptable", check, async () => {
        const message = decodeMlsMessage(welcome, 0)?.[0];
        if (message?.wireformat !== "mls_welcome") throw new MessagingError("malformed", "Not a welcome");
        const state = await joinByWelcome(message.welcome, own.keyPackage, own.keys, check, suite);
        if (fromUtf8(state.groupContext.groupId) !== conversationId)
          throw new MessagingError("wrong-group", "The welcome is for another conversation");
        const { initPrivateKey } = own.keys;
        return {
          group: new MlsGroup(state),
          output: leavesOf(state),
          consumed: { secrets: [initPrivateKey] },
        };
      });
    },

    joinExternally: (device, options) => joinExternally(device, options, directory, nowSeconds()),

    exportGroup: (group) => exportState(stateOf(group)),
    importGroup: (bytes) => importState(bytes, clientConfig(new CredentialCheck(directory))),
    leaves: (group) => leavesOf(stateOf(group)),
    ownLeaf(group) {
      const state = stateOf(group);
      const leaf = leafAt(state, state.privatePath.leafIndex);
      if (leaf === null) throw new MessagingError("removed", "This device is not in the group any more");
      return leaf;
    },
    epochAuthenticator: (group: Group) => new Uint8Array(stateOf(group).keySchedule.epochAuthenticator),
    release(consumed) {
      for (const secret of consumed.secrets) secret.fill(0);
    },
  };
}

async function joinExternally(
  device: DeviceKeys,
  options: { readonly conversationId: string; readonly groupInfo: Uint8Array },
  directory: DeviceDirectory,
  now: number,
): Promise<Step<OutgoingCommit>> {
  const info = inspectGroupInfo(options.groupInfo);
  if (info === null || !info.joinable) throw new MessagingError("malformed", "Not a group info to join with");
  if (info.groupId !== options.conversationId)
    throw new MessagingError("wrong-group", "The group info is for another conversation");
  const suite = await loadSuite(info.suite);
  const check = new CredentialCheck(directory);
  return guard("tampered", check, async () => {
    const message = decodeMlsMessage(options.groupInfo, 0)?.[0];
    if (message?.wireformat !== "mls_group_info") throw new MessagingError("malformed", "Not a group info");
    const own = await freshKeyPackage(device, info.suite, now, now + NINETY_DAYS_SECONDS);
    const joined = await joinByExternalCommit(message.groupInfo, own.keyPackage, own.keys, check, suite);
    const group = new MlsGroup(joined.state);
    checkSize(leavesOf(joined.state).length, info.suite, joined.formerLeaf === null);
    const output = {
      epoch: info.epoch,
      commit: encode({ version: "mls10", wireformat: "mls_public_message", publicMessage: joined.message }),
      welcome: null,
      groupInfo: await groupInfoOf(group),
      change: {
        addedDevices: [device.deviceId],
        removedDevices: joined.formerLeaf === null ? [] : [device.deviceId],
        external: true,
      },
    };
    return { group, output, consumed: { secrets: [] } };
  });
}
