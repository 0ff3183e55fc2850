import { clsx } from "clsx";
import type { ComponentProps, ReactNode } from "react";
import { Spinner } from "./spinner.tsx";
import { Tooltip } from "./tooltip.tsx";

const TONES = {
  primary: "bg-primary text-on-primary hover:bg-primary-hover shadow-low",
  quiet: "border border-line bg-raised text-ink hover:bg-hover",
  plain: "text-ink-soft hover:bg-hover hover:text-ink",
  danger: "bg-danger text-on-danger hover:bg-danger-hover shadow-low",
  "danger-quiet": "border border-line bg-raised text-danger hover:bg-danger-soft",
} as const;

const SIZES = {
  sm: "min-h-8 px-3 py-1 text-sm gap-1.5",
  md: "min-h-10 px-4 py-2 text-base gap-2",
} as const;

const SHARED =
  "inline-flex items-center justify-center rounded-md font-medium select-none transition-colors " +
  "disabled:opacity-55 disabled:cursor-not-allowed aria-disabled:opacity-55 [&_svg]:shrink-0";

export interface ButtonProps extends ComponentProps<"button"> {
  tone?: keyof typeof TONES;
  size?: keyof typeof SIZES;
  /** Shows a spinner and refuses clicks, but keeps the focus where it is. */
  busy?: boolean;
}

export function Button({
  tone = "quiet",
  size = "md",
  busy = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      onClick={(event) => {
        if (busy) return event.preventDefault();
        onClick?.(event);
      }}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={clsx(SHARED, TONES[tone], SIZES[size], className)}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children" | "aria-label"> {
  /** Read by screen readers and shown as a tooltip. */
  label: string;
  icon: ReactNode;
  tone?: keyof typeof TONES;
  /** Shown in the tooltip beside the label, as "Alt N". */
  shortcut?: string;
  tooltipAlign?: "start" | "center" | "end";
}

export function IconButton(props: IconButtonProps) {
  const { label, icon, tone = "plain", shortcut, tooltipAlign = "center", className, ...rest } = props;
  return (
    <Tooltip label={label} shortcut={shortcut} align={tooltipAlign}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        className={clsx(SHARED, TONES[tone], "size-10 shrink-0 p-0", className)}
      >
        {icon}
      </button>
    </Tooltip>
  );
}
