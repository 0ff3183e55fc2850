/** Differences by identity: an unchanged value is the same object, as the core keeps it. Pure. */
import type { ConversationView, Timeline } from "./api.ts";
import type { ListPatch, TimelinePatch } from "./protocol.ts";

type List = readonly ConversationView[];

export function listPatch(before: List, after: List): ListPatch {
  const known = new Set(before);
  const sameOrder = before.length === after.length && before.every((view, i) => view.id === after[i]?.id);
  return {
    order: sameOrder ? null : after.map((view) => view.id),
    changed: after.filter((view) => !known.has(view)),
  };
}

export function patchList(before: List, patch: ListPatch): List {
  const byId = new Map(before.map((view) => [view.id, view]));
  for (const view of patch.changed) byId.set(view.id, view);
  const order = patch.order ?? before.map((view) => view.id);
  return order.flatMap((id) => byId.get(id) ?? []);
}

export function timelinePatch(before: Timeline, after: Timeline): TimelinePatch {
  const shorter = Math.min(before.items.length, after.items.length);
  let head = 0;
  while (head < shorter && before.items[head] === after.items[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.items.at(-1 - tail) === after.items.at(-1 - tail)) tail += 1;
  return {
    hasOlder: after.hasOlder,
    loading: after.loading,
    at: head,
    remove: before.items.length - head - tail,
    insert: after.items.slice(head, after.items.length - tail),
  };
}

export function patchTimeline(before: Timeline, patch: TimelinePatch): Timeline {
  return {
    items: before.items.toSpliced(patch.at, patch.remove, ...patch.insert),
    hasOlder: patch.hasOlder,
    loading: patch.loading,
  };
}
