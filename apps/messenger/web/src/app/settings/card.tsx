import type { ReactNode } from "react";

interface CardProps {
  title: string;
  body?: string;
  /** Beside the title: what state the matter is in. */
  aside?: ReactNode;
  children: ReactNode;
}

/** One matter of the settings. */
export function Card({ title, body, aside, children }: CardProps) {
  return (
    <section className="rounded-xl border border-line bg-surface p-5">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="font-semibold">{title}</h3>
        {aside}
      </div>
      {body && <p className="mt-0.5 text-sm text-ink-soft">{body}</p>}
      <div className="mt-4">{children}</div>
    </section>
  );
}
