import { Skeleton } from "@rempart/ui";
import { useI18n } from "../i18n/context.tsx";

const SHAPES = [
  { mine: false, width: "w-56" },
  { mine: false, width: "w-72" },
  { mine: true, width: "w-48" },
  { mine: false, width: "w-64" },
  { mine: true, width: "w-72" },
  { mine: true, width: "w-40" },
] as const;

export function TimelineSkeleton() {
  const { t } = useI18n();
  return (
    <div role="status" className="masonry flex min-h-0 flex-1 flex-col justify-end gap-3 overflow-hidden p-6">
      <span className="sr-only">{t.loading}</span>
      {SHAPES.map(({ mine, width }) => (
        <Skeleton
          key={`${mine}-${width}`}
          className={`h-10 max-w-4/5 rounded-xl ${width} ${mine ? "self-end" : ""}`}
        />
      ))}
    </div>
  );
}
