import assert from "node:assert/strict";
import { test } from "node:test";
import { mayChangeMembers, mayRemove, maySetRole } from "./permissions.ts";

const group = (myRole: "owner" | "admin" | "member", active = true) =>
  ({ kind: "group", active, myRole }) as const;
const other = (role: "owner" | "admin" | "member") => ({ id: "other", role });

test("owners and admins change who is in a group, as long as they are in it", () => {
  assert.ok(mayChangeMembers(group("owner")));
  assert.ok(mayChangeMembers(group("admin")));
  assert.ok(!mayChangeMembers(group("member")));
  assert.ok(!mayChangeMembers(group("owner", false)));
  assert.ok(!mayChangeMembers({ kind: "direct", active: true, myRole: "owner" }));
});

test("an admin removes ordinary members only, an owner everybody else", () => {
  assert.ok(mayRemove(group("owner"), other("owner"), "me"));
  assert.ok(mayRemove(group("admin"), other("member"), "me"));
  assert.ok(!mayRemove(group("admin"), other("admin"), "me"));
  assert.ok(!mayRemove(group("owner"), { id: "me", role: "owner" }, "me"));
});

test("roles are the owners' to give, to others", () => {
  assert.ok(maySetRole(group("owner"), other("member"), "me"));
  assert.ok(!maySetRole(group("admin"), other("member"), "me"));
  assert.ok(!maySetRole(group("owner"), { id: "me" }, "me"));
});
