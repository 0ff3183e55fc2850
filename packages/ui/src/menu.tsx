import { Menu as Base } from "@base-ui/react/menu";
import { clsx } from "clsx";
import type { ReactElement, ReactNode } from "react";

interface MenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  children: ReactNode;
  align?: "start" | "end";
  defaultOpen?: boolean;
}

export function Menu({ trigger, children, align = "end", defaultOpen = false }: MenuProps) {
  return (
    <Base.Root defaultOpen={defaultOpen}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} sideOffset={6} className="z-40">
          <Base.Popup className="min-w-52 origin-(--transform-origin) rounded-lg border border-line bg-raised p-1 shadow-high transition-all duration-(--motion-quick) outline-none data-ending-style:scale-97 data-ending-style:opacity-0 data-starting-style:scale-97 data-starting-style:opacity-0">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
}

export function MenuItem({ icon, children, onSelect, danger = false }: MenuItemProps) {
  return (
    <Base.Item
      onClick={onSelect}
      className={clsx(
        "flex min-h-10 items-center gap-2.5 rounded-md px-3 py-1.5 text-base outline-none select-none",
        danger ? "text-danger data-highlighted:bg-danger-soft" : "text-ink data-highlighted:bg-hover",
      )}
    >
      {icon && (
        <span aria-hidden="true" className="opacity-75">
          {icon}
        </span>
      )}
      {children}
    </Base.Item>
  );
}

export function MenuSeparator() {
  return <Base.Separator className="mx-2 my-1 h-px bg-line" />;
}

/** Text at the top of a menu that is not an action: who is signed in, for instance. */
export function MenuHeading({ children }: { children: ReactNode }) {
  return <div className="px-3 pt-2 pb-1.5">{children}</div>;
}
