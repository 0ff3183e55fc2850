import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Authenticated } from "../types.ts";
import { SessionCache } from "./cache.ts";

function entry(sessionId: string, userId: string): Authenticated {
  return {
    account: { id: userId, email: "", name: "", role: "USER", createdAt: 0 },
    session: {
      id: sessionId,
      userId,
      createdAt: 0,
      lastUsedAt: 0,
      expiresAt: 0,
      userAgent: "",
      address: "",
    },
  };
}

test("the least recently used goes first", () => {
  const cache = new SessionCache(2);
  cache.set("a", entry("1", "u"));
  cache.set("b", entry("2", "u"));
  cache.get("a");
  cache.set("c", entry("3", "v"));
  assert.deepEqual(
    ["a", "b", "c"].map((key) => cache.get(key)?.session.id),
    ["1", undefined, "3"],
  );
});

test("a person's sessions go together, and an update brings nothing back", () => {
  const cache = new SessionCache(9);
  for (const [key, user] of Object.entries({ a: "u", b: "v", c: "u" })) cache.set(key, entry(key, user));
  cache.deleteUser("u");
  const { account, session } = entry("a", "u");
  cache.update("a", account, session);
  assert.equal(cache.size, 1);
  assert.equal(cache.get("b")?.session.id, "b");
});

test("against a plain model: what was deleted is gone, what is there is right, the bound holds", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const user = fc.constantFrom("u", "v");
  const step = fc.oneof(
    fc.record({ do: fc.constant("set" as const), key, user }),
    fc.record({ do: fc.constant("session" as const), key, user }),
    fc.record({ do: fc.constant("user" as const), key, user }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new SessionCache(4);
      const model = new Map<string, string>();
      for (const { do: act, key, user } of steps) {
        // A session keeps its user: the id holds both.
        if (act === "set") cache.set(key + user, entry(key + user, user));
        if (act === "set") model.set(key + user, user);
        if (act === "session") cache.deleteSession(key + user);
        if (act === "session") model.delete(key + user);
        if (act === "user") cache.deleteUser(user);
        if (act === "user") for (const [id, owner] of model) if (owner === user) model.delete(id);
        assert.ok(cache.size <= 4);
        for (const id of ["a", "b", "c", "d", "e", "f"].flatMap((name) => [`${name}u`, `${name}v`])) {
          const found = cache.get(id);
          if (found !== undefined) assert.equal(model.get(id), found.account.id);
        }
      }
    }),
  );
});
