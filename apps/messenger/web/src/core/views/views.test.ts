import assert from "node:assert/strict";
import { test } from "node:test";
import type { Member, Message } from "@rempart/messaging/contract";
import { withReceipt } from "../conversation/receipts.ts";
import { deliveryOf } from "./delivery.ts";
import { commitItems } from "./notices.ts";

const member = (userId: string, delivered: number, read: number): Member => ({
  userId,
  name: userId,
  role: "member",
  joinedAt: 0,
  delivered,
  read,
});

test("a message got as far as the slowest of the others", () => {
  const members = [member("me", 9, 9), member("a", 5, 3), member("b", 4, 2)];
  assert.equal(deliveryOf(2, members, "me"), "read");
  assert.equal(deliveryOf(4, members, "me"), "delivered");
  assert.equal(deliveryOf(5, members, "me"), "sent");
  assert.equal(deliveryOf(1, [member("me", 0, 0)], "me"), "sent");
});

test("receipts only rise, and reading implies delivery", () => {
  const members = [member("a", 5, 3)];
  assert.equal(withReceipt(members, "a", { delivered: 4 }), members);
  assert.equal(withReceipt(members, "nobody", { delivered: 9 }), members);
  assert.deepEqual(withReceipt(members, "a", { read: 8 }), [member("a", 8, 8)]);
});

type Commit = Extract<Message, { kind: "commit" }>;

function notices(epoch: number, change: Partial<Commit["change"]>, owners: Record<string, string> = {}) {
  const commit: Commit = {
    kind: "commit",
    id: "c",
    conversationId: "g",
    seq: 1,
    senderId: "ada",
    sentAt: 1,
    deviceId: "ada-1",
    epoch,
    body: "",
    change: {
      addedUsers: [],
      removedUsers: [],
      addedDevices: [],
      removedDevices: [],
      external: false,
      ...change,
    },
  };
  const items = commitItems(commit, { kind: "group", ownerOf: (id) => owners[id] ?? null });
  return items.map((item) => item.kind === "notice" && item.notice);
}

test("commits are told as what they mean to people", () => {
  assert.deepEqual(notices(0, { addedUsers: ["bob"], addedDevices: ["bob-1"] }), [
    { type: "created" },
    { type: "added", userIds: ["bob"] },
  ]);
  assert.deepEqual(notices(3, { removedUsers: ["bob"], removedDevices: ["bob-1"] }, { "bob-1": "bob" }), [
    { type: "removed", userIds: ["bob"] },
  ]);
  assert.deepEqual(notices(3, { external: true, addedDevices: ["ada-1"] }), [
    { type: "devices-changed", userId: "ada", added: 1, removed: 0 },
  ]);
  assert.deepEqual(notices(3, { external: true, addedDevices: ["ada-1"], removedDevices: ["ada-1"] }), [
    { type: "rejoined" },
  ]);
  assert.deepEqual(notices(3, { removedDevices: ["bob-2"] }, { "bob-2": "bob" }), [
    { type: "devices-changed", userId: "bob", added: 0, removed: 1 },
  ]);
  assert.deepEqual(notices(3, { removedDevices: ["gone-1"] }), [], "devices of people who left are no news");
});
