import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "./cache.ts";
import type { CacheStore } from "./store.ts";

test("deleting a tag may take longer than a read, and neither is given up for the other", async () => {
  const removed = Promise.withResolvers<number>();
  const hanging: CacheStore = {
    read: () => new Promise(() => {}),
    write: async () => {},
    remove: async () => true,
    removeTag: () => removed.promise,
    claim: async () => null,
    fill: async () => true,
    release: async () => {},
  };
  const cache = createCache({ store: hanging, budgetMs: 5, tagBudgetMs: 60_000 });
  const deleted = cache.deleteTag("lamps");
  deleted.catch(() => undefined);
  // Each of these is given up after the deletion would have been, and enough of them for the store to count as away.
  for (let i = 0; i < 6; i += 1) assert.equal(await cache.get("lamp"), undefined);
  removed.resolve(3);
  assert.equal(await deleted, 3);
  assert.equal(await cache.deleteTag("lamps"), 3);
});
