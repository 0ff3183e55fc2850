import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommitInfo } from "@rempart/messaging";
import type { MembershipChange, Role } from "@rempart/messaging/contract";
import fc from "fast-check";
import { isRefusal } from "../refusal.ts";
import { type GroupState, judgeCommit, type KnownDevice, type ProposedCommit } from "./commit-policy.ts";

/** Users and devices are named after each other: device `ada1` belongs to user `ada`. */
const ownerOf = (device: string) => device.replace(/\d+$/, "");
const keyOf = (device: string) => new TextEncoder().encode(device.padEnd(32, "."));
const known = (device: string, revoked = false): KnownDevice => ({
  userId: ownerOf(device),
  signatureKey: keyOf(device),
  revoked,
});
const leafOf = (deviceId: string) => ({ userId: ownerOf(deviceId), deviceId, signatureKey: keyOf(deviceId) });

const ROLES: Record<string, Role> = {
  ada: "owner",
  otto: "owner",
  ann: "admin",
  art: "admin",
  mia: "member",
  max: "member",
};

function group(changes: Partial<GroupState> = {}): GroupState {
  const users = Object.keys(ROLES);
  return {
    id: "group",
    kind: "group",
    suite: "x25519",
    epoch: 7,
    roles: new Map(Object.entries(ROLES)),
    leaves: new Map(users.map((user) => [`${user}1`, user])),
    orphans: new Set(),
    ...changes,
  };
}

interface Attempt {
  by?: string;
  change?: Partial<MembershipChange>;
  info?: Partial<CommitInfo>;
  epoch?: number;
  known?: string[];
  directory?: Map<string, KnownDevice>;
}

/** A commit whose bytes say what its change says, unless told otherwise. */
function commit({
  by = "ada1",
  change = {},
  info = {},
  epoch = 7,
  known: users = [],
  directory,
}: Attempt): ProposedCommit {
  const full: MembershipChange = {
    addedUsers: [],
    removedUsers: [],
    addedDevices: [],
    removedDevices: [],
    external: false,
    ...change,
  };
  const external = full.external;
  return {
    senderId: ownerOf(by),
    deviceId: by,
    epoch,
    change: full,
    info: {
      groupId: "group",
      epoch: 7,
      sender: external ? { type: "new-member-commit" } : { type: "member", leafIndex: 0 },
      committer: leafOf(by),
      added: external ? [] : full.addedDevices.map((id) => ({ ...leafOf(id), suite: "x25519" as const })),
      removedLeaves: full.removedDevices.map((_, index) => index),
      removedLeafCount: full.removedDevices.length,
      external,
      hasPath: true,
      ...info,
    },
    directory: directory ?? new Map([by, ...full.addedDevices].map((id) => [id, known(id)])),
    knownUsers: new Set(users),
  };
}

function verdict(state: GroupState, attempt: Attempt): string {
  const result = judgeCommit(state, commit(attempt));
  return isRefusal(result) ? result.code : "accepted";
}

const add = (user: string): Attempt => ({
  change: { addedUsers: [user], addedDevices: [`${user}1`] },
  known: [user],
});
const remove = (user: string): Attempt => ({
  change: { removedUsers: [user], removedDevices: [`${user}1`] },
});

test("who may add: owners and admins, in groups only", () => {
  for (const [user, role] of Object.entries(ROLES)) {
    const wanted = role === "member" ? "forbidden" : "accepted";
    assert.equal(verdict(group(), { ...add("new"), by: `${user}1` }), wanted, user);
  }
  assert.equal(verdict(group({ kind: "direct" }), add("new")), "forbidden");
});

test("who may remove whom", () => {
  const removes: Record<Role, readonly Role[]> = {
    owner: ["owner", "admin", "member"],
    admin: ["member"],
    member: [],
  };
  for (const [by, mine] of Object.entries(ROLES)) {
    for (const [target, theirs] of Object.entries(ROLES)) {
      const allowed = by !== target && removes[mine].includes(theirs);
      const outcome = verdict(group(), { ...remove(target), by: `${by}1` });
      assert.equal(outcome === "accepted", allowed, `${by} removes ${target}: ${outcome}`);
    }
  }
  assert.equal(verdict(group({ kind: "direct" }), remove("mia")), "forbidden");
});

test("a removed member's every device goes, and nobody else's", () => {
  const state = group({ leaves: new Map([...group().leaves, ["mia2", "mia"]]) });
  assert.equal(verdict(state, remove("mia")), "commit-mismatch");
  const both = { removedUsers: ["mia"], removedDevices: ["mia1", "mia2"] };
  assert.equal(verdict(state, { change: both }), "accepted");
  const more = { removedUsers: ["mia"], removedDevices: ["mia1", "mia2", "max1"] };
  assert.equal(verdict(state, { change: more }), "forbidden");
});

test("orphans are removed by anyone, one's own other device by oneself, oneself by nobody", () => {
  const state = group({ leaves: new Map([...group().leaves, ["mia2", "mia"]]), orphans: new Set(["art1"]) });
  assert.equal(verdict(state, { by: "mia1", change: { removedDevices: ["art1"] } }), "accepted");
  assert.equal(verdict(state, { by: "mia1", change: { removedDevices: ["mia2"] } }), "accepted");
  assert.equal(verdict(state, { by: "mia1", change: { removedDevices: ["max1"] } }), "forbidden");
  assert.equal(verdict(state, { by: "mia1", change: { removedDevices: ["mia1"] } }), "commit-mismatch");
});

test("a member adds devices of members, such as one's own second", () => {
  assert.equal(verdict(group(), { by: "mia1", change: { addedDevices: ["mia2"] } }), "accepted");
  assert.equal(verdict(group(), { by: "mia1", change: { addedDevices: ["new1"] } }), "commit-mismatch");
  assert.equal(verdict(group(), { change: { addedDevices: ["mia1"] } }), "commit-mismatch");
});

test("the bytes must say what the request says", () => {
  const lies: Attempt[] = [
    { ...add("new"), info: { added: [] } },
    { ...add("new"), info: { added: [{ ...leafOf("other1"), suite: "x25519" }] } },
    { ...add("new"), info: { added: [{ ...leafOf("new1"), suite: "x-wing" }] } },
    { ...add("new"), info: { added: [{ ...leafOf("new1"), signatureKey: keyOf("eve1"), suite: "x25519" }] } },
    { ...remove("mia"), info: { removedLeafCount: 2 } },
    { info: { external: true } },
    { info: { epoch: 6 } },
    { info: { committer: leafOf("eve1") } },
    { change: { addedDevices: ["mia2", "mia2"] } },
  ];
  for (const lie of lies) assert.equal(verdict(group(), lie), "commit-mismatch", JSON.stringify(lie));
  assert.equal(verdict(group(), { info: { groupId: "elsewhere" } }), "malformed-mls");
});

test("the sender is a member with an active device of the group, in its epoch", () => {
  assert.equal(verdict(group(), { epoch: 6 }), "stale-epoch");
  assert.equal(verdict(group(), { by: "eve1" }), "unknown-conversation");
  assert.equal(verdict(group(), { by: "mia2" }), "device-not-in-group");
  assert.equal(verdict(group(), { directory: new Map() }), "unknown-device");
  assert.equal(verdict(group(), { directory: new Map([["ada1", known("eve1")]]) }), "unknown-device");
  assert.equal(verdict(group(), { directory: new Map([["ada1", known("ada1", true)]]) }), "device-revoked");
});

test("an added device is registered and active, and an added user exists", () => {
  const directory = new Map([["ada1", known("ada1")]]);
  assert.equal(verdict(group(), { ...add("new"), directory }), "commit-mismatch");
  directory.set("new1", known("new1", true));
  assert.equal(verdict(group(), { ...add("new"), directory }), "device-revoked");
  assert.equal(verdict(group(), { ...add("new"), known: [] }), "unknown-user");
  assert.equal(verdict(group(), { change: { removedUsers: ["stranger"] } }), "unknown-user");
  assert.equal(verdict(group(), { change: { addedUsers: ["mia"] }, known: ["mia"] }), "commit-mismatch");
});

test("nobody is added without a device: what is said before one joins by itself could not be read", () => {
  assert.equal(verdict(group(), { change: { addedUsers: ["new"] }, known: ["new"] }), "unreachable-user");
  const others = { change: { addedUsers: ["new", "late"], addedDevices: ["new1"] }, known: ["new", "late"] };
  assert.equal(verdict(group(), others), "unreachable-user");
  assert.equal(
    verdict(group(), { ...add("new"), change: { addedUsers: ["new"], addedDevices: ["new1", "new2"] } }),
    "accepted",
  );
});

test("an external commit is a member's device joining by itself, or again, and nothing else", () => {
  const external = (by: string, change: Partial<MembershipChange>, removedLeafCount: number): Attempt => ({
    by,
    change: { external: true, ...change },
    info: { removedLeafCount },
  });
  assert.equal(verdict(group(), external("mia2", { addedDevices: ["mia2"] }, 0)), "accepted");
  const again = { addedDevices: ["mia1"], removedDevices: ["mia1"] };
  assert.equal(verdict(group(), external("mia1", again, 1)), "accepted");
  assert.equal(verdict(group(), external("mia1", { addedDevices: ["mia1"] }, 0)), "commit-mismatch");
  assert.equal(verdict(group(), external("mia2", { addedDevices: ["mia2"] }, 1)), "commit-mismatch");
  assert.equal(verdict(group(), external("eve1", { addedDevices: ["eve1"] }, 0)), "unknown-conversation");
  const others = { addedDevices: ["mia2", "max2"] };
  assert.equal(verdict(group(), external("mia2", others, 0)), "commit-mismatch");
});

test("a post-quantum group keeps to a hundred devices", () => {
  const leaves = new Map(Array.from({ length: 99 }, (_, i) => [`mia${i + 10}`, "mia"] as const));
  const state = group({ suite: "x-wing", leaves: new Map([["ada1", "ada"], ...leaves]) });
  const attempt: Attempt = {
    change: { addedDevices: ["mia2"] },
    info: { added: [{ ...leafOf("mia2"), suite: "x-wing" }] },
  };
  assert.equal(verdict(state, attempt), "too-many-members");
  leaves.delete("mia10");
  assert.equal(verdict({ ...state, leaves: new Map([["ada1", "ada"], ...leaves]) }, attempt), "accepted");
});

test("whatever is asked, nobody without the role changes who is a member", () => {
  const users = [...Object.keys(ROLES), "new", "eve"];
  const ids = (pool: readonly string[]) => fc.uniqueArray(fc.constantFrom(...pool), { maxLength: 4 });
  const devices = users.flatMap((user) => [`${user}1`, `${user}2`]);
  fc.assert(
    fc.property(
      fc.constantFrom("mia1", "max1", "eve1"),
      ids(users),
      ids(users),
      ids(devices),
      ids(devices),
      fc.boolean(),
      (by, addedUsers, removedUsers, addedDevices, removedDevices, external) => {
        fc.pre(addedUsers.length + removedUsers.length > 0);
        const change = { addedUsers, removedUsers, addedDevices, removedDevices, external };
        assert.notEqual(verdict(group(), { by, change, known: users }), "accepted");
      },
    ),
  );
});
