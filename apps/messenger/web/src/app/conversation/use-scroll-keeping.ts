import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** This close to the end counts as reading the newest message. */
const END_PIXELS = 96;
/** Rows around the unread divider are measured within this time; holding on longer would fight the reader. */
const SETTLE_MS = 400;

interface KeepingInput {
  readonly scroller: RefObject<HTMLElement | null>;
  /** Height of all rows in pixels; changes as they are measured. */
  readonly totalSize: number;
  /** Row of the unread divider, where reading starts; -1: start at the end. */
  readonly unreadIndex: number;
  readonly showRow: (index: number) => void;
  /** Gives up a move under way, because the reader has moved. */
  readonly cancel: () => void;
}

function distanceFromEnd(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight;
}

/**
 * Where the timeline stands. `end`: it stays at the newest message while rows arrive and are measured. `unread`: it stays at
 * the divider until the rows around it are measured or the reader moves. `free`: the reader decides, the virtualiser keeps what is in sight in its place.
 */
type Hold = "end" | "unread" | "free";

export function useScrollKeeping({ scroller, totalSize, unreadIndex, showRow, cancel }: KeepingInput) {
  const hold = useRef<Hold>(unreadIndex === -1 ? "end" : "unread");
  const [atEnd, setAtEnd] = useState(true);

  /** Where our own last move ended: a scroll event from there or below is no wish to leave the end. */
  const movedTo = useRef(0);

  const toEnd = useCallback(() => {
    hold.current = "end";
    const element = scroller.current;
    if (element === null) return;
    element.scrollTop = element.scrollHeight;
    movedTo.current = element.scrollTop;
  }, [scroller]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the size is a reason to hold on again
  useLayoutEffect(() => {
    if (hold.current === "end") toEnd();
    else if (hold.current === "unread") showRow(unreadIndex);
  }, [totalSize, unreadIndex, toEnd]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    function onScroll() {
      if (element === null) return;
      if (hold.current === "end" && element.scrollTop >= movedTo.current - 1) return setAtEnd(true);
      const near = distanceFromEnd(element) <= END_PIXELS;
      if (hold.current !== "unread") hold.current = near ? "end" : "free";
      setAtEnd(near);
    }
    function letGo() {
      if (hold.current !== "unread" || element === null) return;
      hold.current = distanceFromEnd(element) <= END_PIXELS ? "end" : "free";
      cancel();
    }
    const settled = setTimeout(letGo, SETTLE_MS);
    // Rows that turn out taller than estimated, and a smaller window (a keyboard opens, the composer grows), must not
    // push the newest message out of sight.
    const resized = new ResizeObserver(() => {
      if (hold.current === "end") toEnd();
    });
    resized.observe(element);
    if (element.firstElementChild) resized.observe(element.firstElementChild);
    element.addEventListener("scroll", onScroll, { passive: true });
    const inputs = ["wheel", "touchmove", "pointerdown", "keydown"] as const;
    for (const input of inputs) element.addEventListener(input, letGo, { passive: true });
    return () => {
      clearTimeout(settled);
      resized.disconnect();
      element.removeEventListener("scroll", onScroll);
      for (const input of inputs) element.removeEventListener(input, letGo);
    };
  }, [scroller, toEnd, cancel]);

  return { atEnd, toEnd };
}
