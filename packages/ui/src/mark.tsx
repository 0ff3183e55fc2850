import { clsx } from "clsx";

/**
 * The mark: the plan of a bastioned fort, four points that cover one another, and the keyhole at its heart.
 * Decoration unless `title` names it.
 */
export function Mark({ className, title }: { className?: string; title?: string }) {
  return (
    <svg
      viewBox="0 0 32 32"
      className={clsx("shrink-0", className)}
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
    >
      <path fill="currentColor" d={MARK_PATH} fillRule="evenodd" />
    </svg>
  );
}

/** Four arrow-shaped bastions on a square curtain wall; the keyhole is cut out by the even-odd rule. */
const MARK_PATH =
  "M1.5 1.5 11 3.6 12.2 8.2h7.6L21 3.6l9.5-2.1L28.4 11l-4.6 1.2v7.6l4.6 1.2 2.1 9.5L21 28.4l-1.2-4.6h-7.6L11 28.4l-9.5 2.1L3.6 21l4.6-1.2v-7.6L3.6 11z" +
  "M16 11.6a2.9 2.9 0 0 0-1.45 5.41l-.75 3.39h4.4l-.75-3.39A2.9 2.9 0 0 0 16 11.6z";
