import type { ReactNode } from "react";

interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  body?: string;
  /** The one clear next step. */
  action?: ReactNode;
}

export function EmptyState({ icon, title, body, action }: EmptyStateProps) {
  return (
    <div className="m-auto flex max-w-sm flex-col items-center gap-3 p-8 text-center">
      {icon && (
        <div aria-hidden="true" className="mb-1 text-ink-faint">
          {icon}
        </div>
      )}
      <p className="text-lg font-semibold text-balance">{title}</p>
      {body && <p className="text-base text-balance text-ink-soft">{body}</p>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}
