import { clsx } from "clsx";
import type { ReactNode } from "react";

const TONES = {
  neutral: "bg-sunken text-ink-soft",
  primary: "bg-primary-soft text-on-primary-soft",
  success: "bg-success-soft text-on-success-soft",
  warning: "bg-warning-soft text-on-warning-soft",
  danger: "bg-danger-soft text-on-danger-soft",
} as const;

interface BadgeProps {
  tone?: keyof typeof TONES;
  icon?: ReactNode;
  children: ReactNode;
}

/** A short fact about the thing it stands beside. */
export function Badge({ tone = "neutral", icon, children }: BadgeProps) {
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:shrink-0",
        TONES[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}

/** How many things wait. `label` is what a screen reader says instead of the bare number. */
export function CountBadge({ count, label }: { count: number; label: string }) {
  return (
    <span className="inline-flex h-5 min-w-5 items-center justify-center rounded-full bg-ember px-1.5 text-xs font-semibold text-on-ember tabular-nums">
      <span aria-hidden="true">{count > 999 ? "999+" : count}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
