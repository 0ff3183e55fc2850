import { clsx } from "clsx";

/** A key or a combination, as "Alt N". */
export function Kbd({ children, inverted = false }: { children: string; inverted?: boolean }) {
  return (
    <kbd
      className={clsx(
        "rounded-sm px-1.5 py-0.5 font-sans text-xs font-medium whitespace-nowrap",
        inverted ? "border border-current opacity-80" : "border border-line bg-sunken text-ink-soft",
      )}
    >
      {children}
    </kbd>
  );
}
