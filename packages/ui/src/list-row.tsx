import { clsx } from "clsx";
import type { ReactNode } from "react";

interface ListRowProps {
  leading?: ReactNode;
  title: ReactNode;
  detail?: ReactNode;
  trailing?: ReactNode;
  className?: string;
}

/** The inside of a row: something to recognise it by, two lines, something at the end. */
export function ListRow({ leading, title, detail, trailing, className }: ListRowProps) {
  return (
    <div className={clsx("flex min-h-14 items-center gap-3 py-2", className)}>
      {leading}
      <div className="min-w-0 flex-1">
        <div className="truncate font-medium">{title}</div>
        {detail && <div className="text-sm text-ink-faint">{detail}</div>}
      </div>
      {trailing && <div className="flex shrink-0 items-center gap-1">{trailing}</div>}
    </div>
  );
}
