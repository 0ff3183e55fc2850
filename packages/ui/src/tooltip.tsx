import { clsx } from "clsx";
import { type ReactNode, useEffect, useState } from "react";
import { Kbd } from "./kbd.tsx";

const DELAY_MS = 500;

const SIDES = {
  start: "start-0",
  center: "start-1/2 -translate-x-1/2",
  end: "end-0",
} as const;

interface TooltipProps {
  label: string;
  shortcut?: string | undefined;
  /** Which edge of the element the hint is flush with; `end` near the right edge of the window. */
  align?: keyof typeof SIDES;
  /** The element described; it keeps its own accessible name. */
  children: ReactNode;
}

/**
 * A hint for people who point or tab; the name for everybody else must be on the element itself. It waits a moment, and
 * Escape, a click or leaving puts it away (WCAG 2.2, 1.4.13).
 */
export function Tooltip({ label, shortcut, align = "center", children }: TooltipProps) {
  const [pointed, setPointed] = useState(false);
  const [shown, setShown] = useState(false);

  useEffect(() => {
    if (!pointed) return setShown(false);
    const timer = setTimeout(() => setShown(true), DELAY_MS);
    const onKeyDown = (event: KeyboardEvent) => event.key === "Escape" && setPointed(false);
    document.addEventListener("keydown", onKeyDown);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("keydown", onKeyDown);
    };
  }, [pointed]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches the element inside, which acts
    <span
      className="relative inline-flex"
      onPointerEnter={(event) => setPointed(event.pointerType === "mouse")}
      onPointerLeave={() => setPointed(false)}
      onPointerDown={() => setPointed(false)}
      onFocus={(event) => setPointed(event.target.matches(":focus-visible"))}
      onBlur={() => setPointed(false)}
    >
      {children}
      {shown && (
        <span
          aria-hidden="true"
          className={clsx(
            "pointer-events-none absolute top-full z-50 mt-1.5 flex items-center gap-2 rounded-sm bg-ink px-2 py-1 text-xs font-medium whitespace-nowrap text-surface shadow-high",
            SIDES[align],
          )}
        >
          {label}
          {shortcut && <Kbd inverted>{shortcut}</Kbd>}
        </span>
      )}
    </span>
  );
}
