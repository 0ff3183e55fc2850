import ArrowDown from "lucide-react/icons/arrow-down";
import { useI18n } from "../i18n/context.tsx";

export function JumpButton({ waiting, onJump }: { waiting: number; onJump: () => void }) {
  const { t } = useI18n();
  return (
    <button
      type="button"
      onClick={onJump}
      aria-label={
        waiting > 0 ? `${t.conversation.jump}, ${t.conversation.jumpNew(waiting)}` : t.conversation.jump
      }
      className="absolute end-5 bottom-4 inline-flex h-10 min-w-10 items-center justify-center gap-2 rounded-full border border-line bg-raised px-2.5 text-sm font-semibold text-ink shadow-high hover:bg-hover"
    >
      {waiting > 0 && <span className="ps-1.5 text-ember-ink">{t.conversation.jumpNew(waiting)}</span>}
      <ArrowDown size={18} aria-hidden="true" />
    </button>
  );
}
