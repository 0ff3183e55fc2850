import { type Bytes, fromBase64Url, type Random, toBase64Url } from "@rempart/kernel";
import { type Content, checkReceived, sealBody } from "@rempart/messaging";
import type { Message, Suite } from "@rempart/messaging/contract";
import {
  type Consumed,
  type CryptoEngine,
  type DeviceChange,
  type DeviceKeys,
  type Group,
  type KeyPackage,
  type Leaf,
  MessagingError,
  type OutgoingCommit,
  type Step,
} from "@rempart/messaging/engine";
import { CoreError } from "../errors.ts";
import type { OutboxRecord, Undecryptable } from "../storage/records.ts";

export type { Consumed, Group, Leaf } from "@rempart/messaging/engine";

export interface BuiltCommit extends OutgoingCommit {
  /** The group after the commit, for when it is accepted. */
  readonly next: Group;
  readonly consumed: Consumed;
}

export type Opened = { readonly group: Group; readonly consumed: Consumed } & (
  | { readonly content: Content }
  | { readonly reason: Undecryptable }
);

export interface Moved {
  readonly group: Group;
  readonly consumed: Consumed;
}

/** The encryption engine in the hands of one device. Groups are values: save the new one before acting on it. */
export interface Mls {
  create(conversationId: string, suite: Suite): Promise<Group>;
  commit(
    group: Group,
    change: { readonly add: readonly Uint8Array[]; readonly remove: readonly string[] },
  ): Promise<BuiltCommit>;
  /** Another device's commit. Null when it cannot be followed: this device must rejoin. */
  follow(group: Group, message: Extract<Message, { kind: "commit" }>): Promise<Moved | null>;
  /** `usedUp`: the key package that nobody can use again; null for the last resort, which stays. */
  join(conversationId: string, welcome: Uint8Array): Promise<Moved & { readonly usedUp: string | null }>;
  joinExternally(conversationId: string, groupInfo: Uint8Array): Promise<BuiltCommit>;
  encrypt(group: Group, record: OutboxRecord): Promise<Moved & { readonly body: string }>;
  /** Never throws for what the sender or the server did: says why it cannot be shown. */
  decrypt(group: Group, message: Extract<Message, { kind: "application" }>): Promise<Opened>;
  leaves(group: Group): readonly Leaf[];
  save(group: Group): Bytes;
  load(bytes: Uint8Array): Group;
  /** Overwrites used-up keys, once what came of them is stored. */
  release(consumed: readonly Consumed[]): void;
  newKeyPackages(suite: Suite, count: number): Promise<readonly KeyPackage[]>;
}

export interface OwnKeyPackage {
  readonly secret: Bytes;
  readonly lastResort: boolean;
}

export interface MlsPorts {
  readonly engine: CryptoEngine;
  readonly device: DeviceKeys;
  readonly random: Random;
  /** A key package of this device, while it can be used. */
  ownKeyPackage(id: string): Promise<OwnKeyPackage | null>;
}

const NOTHING_CONSUMED: Consumed = { secrets: [] };

export function createMls({ engine, device, random, ownKeyPackage }: MlsPorts): Mls {
  return {
    create: (conversationId, suite) => translated(engine.createGroup(device, { conversationId, suite })),
    commit: async (group, change) => built(await translated(engine.commit(group, change))),
    async follow(group, { body, change, senderId, deviceId }) {
      const declared: DeviceChange = {
        addedDevices: change.addedDevices,
        removedDevices: change.removedDevices,
        external: change.external,
      };
      const sender = { userId: senderId, deviceId };
      try {
        return await engine.processCommit(group, { commit: decoded(body), change: declared, sender });
      } catch (error) {
        if (error instanceof MessagingError) return null;
        throw error;
      }
    },
    async join(conversationId, welcome) {
      for (const keyPackageId of engine.welcomeKeyPackageIds(welcome)) {
        const own = await ownKeyPackage(keyPackageId);
        if (own === null) continue;
        const options = { conversationId, welcome, keyPackage: own };
        const joined = await translated(engine.join(device, options));
        return { ...joined, usedUp: own.lastResort ? null : keyPackageId };
      }
      throw new CoreError("crypto-failed", "The welcome is for no key package of this device");
    },
    joinExternally: async (conversationId, groupInfo) =>
      built(await translated(engine.joinExternally(device, { conversationId, groupInfo }))),
    async encrypt(group, { id, conversationId, content, createdAt }) {
      const { userId: senderId, deviceId } = device;
      const message = { id, conversationId, senderId, deviceId, sentAt: createdAt, content };
      const { bytes, tag } = await sealBody(message, random);
      const step = await translated(engine.encrypt(group, bytes, tag));
      return { group: step.group, consumed: step.consumed, body: toBase64Url(step.output) };
    },
    async decrypt(group, message) {
      try {
        const step = await engine.decrypt(group, decoded(message.body));
        const shown = await checkReceived({
          bytes: step.output.body,
          authenticatedData: step.output.authenticatedData,
          sender: step.output.sender,
          envelope: message,
        });
        const { group: next, consumed } = step;
        if (shown.ok) return { group: next, consumed, content: shown.message.content };
        return { group: next, consumed, reason: shown.reason === "unsupported" ? "malformed" : shown.reason };
      } catch (error) {
        return { group, consumed: NOTHING_CONSUMED, reason: undecryptable(error) };
      }
    },
    leaves: (group) => engine.leaves(group),
    save: (group) => engine.exportGroup(group),
    load: (bytes) => engine.importGroup(bytes),
    release(consumed) {
      for (const used of consumed) engine.release(used);
    },
    newKeyPackages: (suite, count) => engine.createKeyPackages(device, { suite, count }),
  };
}

function built(step: Step<OutgoingCommit>): BuiltCommit {
  return { ...step.output, next: step.group, consumed: step.consumed };
}

function decoded(text: string): Bytes {
  return fromBase64Url(text) ?? new Uint8Array();
}

/** @throws what is no fault of the message, such as a directory that cannot be reached. */
function undecryptable(error: unknown): Undecryptable {
  if (!(error instanceof MessagingError)) throw error;
  switch (error.code) {
    case "tampered":
    case "unauthorised-credential":
      return "tampered";
    case "malformed":
    case "wrong-group":
      return "malformed";
    default:
      return "key-lost";
  }
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof MessagingError)) throw cause;
    const code = cause.code === "group-too-large" ? "group-too-large" : "crypto-failed";
    throw new CoreError(code, `The encryption engine refused: ${cause.code}`, { cause });
  }
}
