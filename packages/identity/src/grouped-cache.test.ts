import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GroupedCache } from "./grouped-cache.ts";

interface Entry {
  readonly session: string;
  readonly user: string;
}

function cacheOf(capacity: number): GroupedCache<Entry> {
  return new GroupedCache(capacity, ({ session, user }) => [session, user]);
}

test("the least recently used goes first", () => {
  const cache = cacheOf(2);
  cache.set("a", { session: "1", user: "u" });
  cache.set("b", { session: "2", user: "u" });
  cache.get("a");
  cache.set("c", { session: "3", user: "v" });
  assert.deepEqual(
    ["a", "b", "c"].map((key) => cache.get(key)?.session),
    ["1", undefined, "3"],
  );
});

test("a person's entries go together, and an update brings nothing back", () => {
  const cache = cacheOf(9);
  for (const [key, user] of Object.entries({ a: "u", b: "v", c: "u" }))
    cache.set(key, { session: key, user });
  cache.deleteGroup("u");
  cache.update("a", { session: "a", user: "u" });
  assert.equal(cache.size, 1);
  assert.equal(cache.get("b")?.session, "b");
});

test("a session known by two tokens is forgotten under both", () => {
  const cache = cacheOf(9);
  for (const key of ["old", "new"]) cache.set(key, { session: "s", user: "u" });
  cache.deleteGroup("s");
  assert.equal(cache.size, 0);
});

test("against a plain model: what was deleted is gone, what is there is right, the bound holds", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const user = fc.constantFrom("u", "v");
  const act = fc.constantFrom("set", "session", "user");
  fc.assert(
    fc.property(fc.array(fc.record({ act, key, user }), { maxLength: 60 }), (steps) => {
      const cache = cacheOf(4);
      const model = new Map<string, string>();
      for (const { act, key, user } of steps) {
        // A session keeps its user: the id holds both.
        const session = key + user;
        if (act === "set") cache.set(session, { session, user });
        if (act === "set") model.set(session, user);
        if (act === "session") cache.deleteGroup(session);
        if (act === "session") model.delete(session);
        if (act === "user") cache.deleteGroup(user);
        if (act === "user") for (const [id, owner] of model) if (owner === user) model.delete(id);
        assert.ok(cache.size <= 4);
        for (const id of ["a", "b", "c", "d", "e", "f"].flatMap((name) => [`${name}u`, `${name}v`])) {
          const found = cache.get(id);
          if (found !== undefined) assert.equal(model.get(id), found.user);
        }
      }
    }),
  );
});
