import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ConversationView, TimelineItem } from "./api.ts";
import { listPatch, patchList, patchTimeline, timelinePatch } from "./patch.ts";

const pool = Array.from({ length: 8 }, (_, i) => ({ id: `c${i}` })) as ConversationView[];
const list = () => fc.shuffledSubarray(pool);
const items = () => fc.shuffledSubarray(pool as unknown as TimelineItem[]);

test("a list and the patches of its changes lead to the same list", () => {
  fc.assert(
    fc.property(list(), list(), fc.nat(7), (before, after, renewed) => {
      const next = after.map((view, i) => (i === renewed ? { ...view } : view));
      const patch = structuredClone(listPatch(before, next));
      assert.deepEqual(patchList(before, patch), next);
    }),
  );
});

test("what did not change is not sent again, and stays the same object", () => {
  const before = pool.slice(0, 3);
  const changed = { ...(before[1] as ConversationView), unread: 1 };
  const patch = listPatch(before, before.with(1, changed));
  assert.equal(patch.order, null);
  assert.deepEqual(patch.changed, [changed]);
  const after = patchList(before, patch);
  assert.equal(after[0], before[0]);
  assert.equal(after[2], before[2]);
});

test("a timeline and the patches of its changes lead to the same timeline", () => {
  fc.assert(
    fc.property(items(), items(), fc.boolean(), (before, after, hasOlder) => {
      const from = { items: before, hasOlder: false, loading: true };
      const to = { items: after, hasOlder, loading: false };
      assert.deepEqual(patchTimeline(from, timelinePatch(from, to)), to);
    }),
  );
});

test("one item at the end of a long timeline is one item on the wire", () => {
  const before = { items: pool as unknown as TimelineItem[], hasOlder: false, loading: false };
  const added = { id: "new" } as TimelineItem;
  const patch = timelinePatch(before, { ...before, items: [...before.items, added] });
  assert.deepEqual(patch, { hasOlder: false, loading: false, at: 8, remove: 0, insert: [added] });
});
