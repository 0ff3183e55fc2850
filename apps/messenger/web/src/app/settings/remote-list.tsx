import { Button, Skeleton } from "@rempart/ui";
import type { ReactNode } from "react";
import { useI18n } from "../i18n/context.tsx";
import type { Remote } from "../use-remote.ts";

interface LoadedProps<T> {
  remote: Remote<T>;
  onRetry: () => void;
  children: (value: T) => ReactNode;
}

/** Something that comes from the server: on its way, there, or failed with a way to ask again. */
export function Loaded<T>({ remote, onRetry, children }: LoadedProps<T>) {
  const { t } = useI18n();
  switch (remote.state) {
    case "loading":
      return (
        <div role="status" className="flex flex-col gap-3">
          <span className="sr-only">{t.loading}</span>
          <Skeleton className="h-10" />
          <Skeleton className="h-10" />
        </div>
      );
    case "failed":
      return (
        <div role="alert" className="flex flex-wrap items-center gap-3 text-ink-soft">
          <span className="flex-1">{t.failures[remote.code]}</span>
          <Button size="sm" onClick={onRetry}>
            {t.retry}
          </Button>
        </div>
      );
    case "loaded":
      return children(remote.value);
  }
}

interface RemoteListProps<T> {
  remote: Remote<readonly T[]>;
  onRetry: () => void;
  children: (item: T) => ReactNode;
}

export function RemoteList<T>({ remote, onRetry, children }: RemoteListProps<T>) {
  return (
    <Loaded remote={remote} onRetry={onRetry}>
      {(items) => <ul className="divide-y divide-line">{items.map((item) => children(item))}</ul>}
    </Loaded>
  );
}
