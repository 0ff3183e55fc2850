import { type RefObject, useEffect } from "react";

/** A step that replaces another one takes the focus along, so that nobody is left in front of nothing. */
export function useFocusAt(target: RefObject<HTMLElement | null>, when: unknown): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: `when` is the step that came
  useEffect(() => target.current?.focus(), [target, when]);
}
