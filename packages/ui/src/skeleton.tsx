import { clsx } from "clsx";

/** The place of something that is on its way. Size and shape come from `className`. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span aria-hidden="true" className={clsx("block animate-breathe rounded-sm bg-sunken", className)} />
  );
}
