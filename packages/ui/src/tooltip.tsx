import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement } from "react";
import { Kbd } from "./kbd.tsx";

/** Delays are shared by all tooltips inside: moving from one to the next shows it at once. */
export const TooltipProvider = Base.Provider;

interface TooltipProps {
  label: string;
  shortcut?: string | undefined;
  /** The element described; it keeps its own accessible name. */
  children: ReactElement<Record<string, unknown>>;
}

/** A hint for people who point. The name for everybody else must be on the element itself. */
export function Tooltip({ label, shortcut, children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} className="z-50">
          <Base.Popup
            aria-hidden="true"
            className="flex items-center gap-2 rounded-sm bg-ink px-2 py-1 text-xs text-surface shadow-high transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0"
          >
            {label}
            {shortcut && <Kbd inverted>{shortcut}</Kbd>}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
