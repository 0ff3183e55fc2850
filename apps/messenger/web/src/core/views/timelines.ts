import type { Store, Timeline, TimelineItem } from "../../client/api.ts";
import { type Cell, createCell } from "../../client/cell.ts";
import { NO_TIMELINE } from "../../client/protocol.ts";

/**
 * The timeline stores, which outlive an account's sessions: a screen keeps its store while another tab takes over or the
 * user signs in again. Whoever owns the account fills them.
 */
export interface TimelineStores {
  /** Asking for a store the first time tells the owner to load it. */
  get(conversationId: string): Store<Timeline>;
  /** Becomes the one who fills the stores; those already asked for are passed to `wanted` at once. */
  fillWith(wanted: (conversationId: string) => void): void;
  set(conversationId: string, timeline: Timeline): void;
  /** Empties every store and forgets the filler. */
  clear(): void;
}

export function createTimelineStores(): TimelineStores {
  const cells = new Map<string, Cell<Timeline>>();
  let fill: (conversationId: string) => void = () => undefined;
  return {
    get(conversationId) {
      const known = cells.get(conversationId);
      if (known) return known;
      const cell = createCell<Timeline>({ ...NO_TIMELINE, loading: true });
      cells.set(conversationId, cell);
      fill(conversationId);
      return cell;
    },
    fillWith(wanted) {
      fill = wanted;
      for (const id of cells.keys()) wanted(id);
    },
    set: (conversationId, timeline) => cells.get(conversationId)?.set(timeline),
    clear() {
      fill = () => undefined;
      for (const cell of cells.values()) cell.set({ ...NO_TIMELINE, loading: true });
    },
  };
}

/** Views made once per stored thing, and again only when what they depend on changed. */
export interface ViewCache<T> {
  view(source: T, key: string, make: () => TimelineItem): TimelineItem;
  forget(): void;
}

export function createViewCache<T extends object>(): ViewCache<T> {
  let views = new WeakMap<T, { readonly key: string; readonly view: TimelineItem }>();
  return {
    view(source, key, make) {
      const known = views.get(source);
      if (known?.key === key) return known.view;
      const view = make();
      views.set(source, { key, view });
      return view;
    },
    forget() {
      views = new WeakMap();
    },
  };
}
