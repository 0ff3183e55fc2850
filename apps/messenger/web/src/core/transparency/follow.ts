/**
 * Following an account's key log: what the server answers is believed as far as it is proven, and compared with all that was
 * proven before. Pure.
 */
import {
  judgeCheckpoint,
  openLeaf,
  parseVerifierKey,
  type TrustedCheckpoint,
  type TrustPolicy,
  treeHash,
  verifyConsistency,
  verifyInclusion,
} from "@rempart/audit/verify";
import { fromBase64Url, toBase64Url, utf8 } from "@rempart/kernel";
import type { KeyLogAnswer, KeyLogEvent } from "@rempart/messaging/contract";
import { primitives } from "./primitives.ts";

/**
 * Why a log is not believed any more. `bad-signature`: the head is not signed by the key that was seen first. `forked`: it is
 * not a continuation of the head that was seen. `bad-proof`: an event does not stand where the server says, or says something
 * else. `withheld`: an event was not told when it should have been, or one is missing between others.
 */
export type LogFault = "bad-signature" | "forked" | "bad-proof" | "withheld";

/** A device as the log tells of it. */
export interface LoggedDevice {
  /** SHA-256 of its signature key, hexadecimal. */
  readonly fingerprint: string;
  readonly addedAt: number;
  readonly revoked: boolean;
}

/** Everything that was proven of an account so far. */
export interface KeyLogState {
  /** Verifier keys of the log, as first seen. */
  readonly keys: readonly string[];
  readonly size: number;
  /** base64url. */
  readonly root: string;
  /** Every event below this place was told: whatever turns up there later was withheld. */
  readonly complete: number;
  /** Of the last event that was proven. */
  readonly number: number;
  readonly devices: Readonly<Record<string, LoggedDevice>>;
}

export type Followed =
  | { readonly ok: true; readonly state: KeyLogState; readonly pending: boolean }
  | { readonly ok: false; readonly fault: LogFault };

const HASH = treeHash(primitives.sha256);
const NOTHING = { size: 0, root: toBase64Url(HASH.empty), complete: 0, number: 0, devices: {} };

/** One page of the log. `pending`: events are not integrated yet, ask again in a while. */
export async function followKeyLog(
  before: KeyLogState | null,
  { head, events, more }: KeyLogAnswer,
  userId: string,
): Promise<Followed> {
  const known = before ?? { ...NOTHING, keys: head.keys };
  const policy = policyOf(known.keys);
  const judged = policy && (await judgeCheckpoint(primitives, utf8(head.checkpoint), policy));
  if (!judged?.ok) return { ok: false, fault: "bad-signature" };
  const { size, root } = judged.value;
  if (!continues(known, judged.value, head.consistency)) return { ok: false, fault: "forked" };
  const integrated = integratedOf(events);
  const devices: Record<string, LoggedDevice> = { ...known.devices };
  for (const [i, event] of integrated.entries()) {
    if (event.number !== known.number + 1 + i) return { ok: false, fault: "withheld" };
    const change = provenChange(event, judged.value, userId);
    if (change === null) return { ok: false, fault: "bad-proof" };
    if (change.index < known.complete) return { ok: false, fault: "withheld" };
    apply(devices, change);
  }
  const pending = integrated.length < events.length;
  const number = known.number + integrated.length;
  const complete = pending || more ? known.complete : size;
  return {
    ok: true,
    pending,
    state: { keys: known.keys, size, root: toBase64Url(root), complete, number, devices },
  };
}

/** Those before the first one that the log has not integrated yet. */
function integratedOf(events: readonly KeyLogEvent[]): readonly KeyLogEvent[] {
  const end = events.findIndex(({ place }) => place === null);
  return end < 0 ? events : events.slice(0, end);
}

function policyOf(texts: readonly string[]): TrustPolicy | null {
  const logKeys = texts.flatMap((text) => parseVerifierKey(primitives.sha256, text) ?? []);
  const [first] = logKeys;
  return first === undefined ? null : { origin: first.name, logKeys, witnessKeys: [], quorum: 0 };
}

function continues(known: KeyLogState, head: TrustedCheckpoint, consistency: readonly string[]): boolean {
  const oldRoot = fromBase64Url(known.root);
  const proof = bytesOf(consistency);
  if (oldRoot === null || proof === null) return false;
  return verifyConsistency(HASH, { oldSize: known.size, size: head.size, oldRoot, root: head.root, proof });
}

interface Change extends LoggedDevice {
  readonly index: number;
  readonly deviceId: string;
}

/** Null unless the log holds this event at its place, and it is what it is said to be: a change of this account's devices. */
function provenChange(event: KeyLogEvent, { size, root }: TrustedCheckpoint, userId: string): Change | null {
  const [leaf, salt] = bytesOf([event.leaf, event.salt]) ?? [];
  const personal = event.personal === null ? null : fromBase64Url(event.personal);
  const proof = event.place && bytesOf(event.place.proof);
  if (!leaf || !salt || !proof || !event.place) return null;
  const { index } = event.place;
  if (!verifyInclusion(HASH, { index, size, leaf: HASH.leaf(leaf), proof, root })) return null;
  const opened = openLeaf(primitives.sha256, { leaf, salt, body: event.body, personal });
  const told = opened?.type === "key.change" ? readBody(opened.body) : null;
  if (opened === null || told === null || told.userId !== userId || told.number !== event.number) return null;
  const { deviceId, fingerprint, revoked } = told;
  return { index, deviceId, fingerprint, revoked, addedAt: opened.time };
}

function readBody(body: unknown) {
  const { actor, resource } = recordOf(body);
  const { type, id, metadata } = recordOf(resource);
  const { change, fingerprint, number } = recordOf(metadata);
  const { userId } = recordOf(actor);
  if (type !== "device" || typeof id !== "string" || typeof fingerprint !== "string") return null;
  if (change !== "added" && change !== "revoked") return null;
  return { userId, number, deviceId: id, fingerprint, revoked: change === "revoked" };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function apply(
  devices: Record<string, LoggedDevice>,
  { deviceId, fingerprint, addedAt, revoked }: Change,
): void {
  devices[deviceId] = { fingerprint, revoked, addedAt: devices[deviceId]?.addedAt ?? addedAt };
}

function bytesOf(texts: readonly string[]): Uint8Array[] | null {
  const decoded = texts.map(fromBase64Url);
  return decoded.every((bytes) => bytes !== null) ? decoded : null;
}
