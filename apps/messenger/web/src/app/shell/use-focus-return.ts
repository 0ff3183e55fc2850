import { type RefObject, useEffect, useRef } from "react";

/** The element that held the focus went away with its pane. */
function focusIsLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** When a pane closes and takes the focus with it, gives the focus to what stands for it: `selector` inside `within`. */
export function useFocusReturn(within: RefObject<HTMLElement | null>, open: boolean, selector: string): void {
  const wasOpen = useRef(open);
  useEffect(() => {
    const closed = wasOpen.current && !open;
    wasOpen.current = open;
    if (closed && focusIsLost()) within.current?.querySelector<HTMLElement>(selector)?.focus();
  }, [within, open, selector]);
}
