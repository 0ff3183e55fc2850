/** Two or more devices with real cryptography, an honest directory, and a server that only passes bytes along. */
import { type Bytes, equalBytes, fromUtf8, systemClock, utf8, uuidFromBytes } from "@rempart/kernel";
import type { Suite } from "../src/contract/index.ts";
import {
  type CryptoEngine,
  createMlsEngine,
  type DeviceDirectory,
  type DeviceKeys,
  type Group,
  type KeyPackage,
  type OutgoingCommit,
} from "../src/engine/index.ts";
import type { LeafIdentity } from "../src/framing/index.ts";

export function uuid(number: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, number);
  bytes[6] = 0x70;
  bytes[8] = 0x80;
  return uuidFromBytes(bytes) ?? "";
}

export const CONVERSATION = uuid(0xc0ffee);

export class Directory implements DeviceDirectory {
  readonly keys = new Map<string, Uint8Array>();

  register(device: LeafIdentity): void {
    this.keys.set(`${device.userId}/${device.deviceId}`, device.signatureKey);
  }

  async verify(leaf: LeafIdentity): Promise<boolean> {
    const registered = this.keys.get(`${leaf.userId}/${leaf.deviceId}`);
    return registered !== undefined && equalBytes(registered, leaf.signatureKey);
  }
}

export interface Member {
  readonly device: DeviceKeys;
  group: Group;
}

export interface Party {
  readonly engine: CryptoEngine;
  readonly directory: Directory;
  readonly suite: Suite;
  /** By device number. Only devices in the group. */
  readonly members: Map<number, Member>;
  device(number: number): Promise<DeviceKeys>;
  keyPackage(number: number): Promise<KeyPackage>;
  /** The device commits, everybody else processes, the added join by the welcome. */
  commit(by: number, change: { add?: number[]; remove?: number[] }): Promise<OutgoingCommit>;
  rejoin(number: number): Promise<OutgoingCommit>;
  deliver(by: number, commit: OutgoingCommit): Promise<void>;
  say(from: number, text: string): Promise<Bytes>;
  hear(to: number, message: Uint8Array): Promise<string>;
}

export async function gather(suite: Suite, first = 1): Promise<Party> {
  const directory = new Directory();
  const engine = createMlsEngine({ directory, clock: systemClock });
  const devices = new Map<number, DeviceKeys>();
  const members = new Map<number, Member>();
  let latestGroupInfo: Uint8Array = new Uint8Array();

  const memberOf = (number: number): Member => {
    const member = members.get(number);
    if (member === undefined) throw new Error(`device ${number} is not in the group`);
    return member;
  };
  const party: Party = {
    engine,
    directory,
    suite,
    members,
    async device(number) {
      const known = devices.get(number);
      if (known !== undefined) return known;
      const made = await engine.createDevice({ userId: uuid(number), deviceId: uuid(0x10000 + number) });
      devices.set(number, made);
      directory.register(made);
      return made;
    },
    async keyPackage(number) {
      const [made] = await engine.createKeyPackages(await party.device(number), { suite, count: 1 });
      if (made === undefined) throw new Error("no key package");
      return made;
    },
    async commit(by, { add = [], remove = [] }) {
      const packages = new Map<number, KeyPackage>();
      for (const number of add) packages.set(number, await party.keyPackage(number));
      const member = memberOf(by);
      const step = await engine.commit(member.group, {
        add: [...packages.values()].map((made) => made.public),
        remove: remove.map((number) => uuid(0x10000 + number)),
      });
      await party.deliver(by, step.output);
      member.group = step.group;
      engine.release(step.consumed);
      for (const [number, keyPackage] of packages) {
        const device = await party.device(number);
        const welcome = step.output.welcome ?? new Uint8Array();
        const joined = await engine.join(device, { conversationId: CONVERSATION, welcome, keyPackage });
        members.set(number, { device, group: joined.group });
      }
      return step.output;
    },
    async rejoin(number) {
      const device = await party.device(number);
      const step = await engine.joinExternally(device, {
        conversationId: CONVERSATION,
        groupInfo: latestGroupInfo,
      });
      await party.deliver(number, step.output);
      members.set(number, { device, group: step.group });
      return step.output;
    },
    async deliver(by, output) {
      const sender = await party.device(by);
      for (const [number, other] of members) {
        if (number === by) continue;
        const { commit, change } = output;
        const processed = await engine.processCommit(other.group, { commit, change, sender });
        engine.release(processed.consumed);
        other.group = processed.group;
        if (!processed.group.active) members.delete(number);
      }
      latestGroupInfo = output.groupInfo;
    },
    async say(from, text) {
      const member = memberOf(from);
      const step = await engine.encrypt(member.group, utf8(text), new Uint8Array(32));
      member.group = step.group;
      engine.release(step.consumed);
      return step.output;
    },
    async hear(to, message) {
      const member = memberOf(to);
      const step = await engine.decrypt(member.group, message);
      member.group = step.group;
      engine.release(step.consumed);
      return fromUtf8(step.output.body) ?? "";
    },
  };
  const device = await party.device(first);
  members.set(first, {
    device,
    group: await engine.createGroup(device, { conversationId: CONVERSATION, suite }),
  });
  return party;
}
