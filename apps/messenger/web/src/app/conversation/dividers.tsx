import { Mark, Spinner } from "@rempart/ui";
import ShieldAlert from "lucide-react/icons/shield-alert";
import type { Notice } from "../../client/api.ts";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { noticeText } from "../names.ts";

export function DayDivider({ at, now }: { at: number; now: number }) {
  const { format } = useI18n();
  return (
    <div className="flex justify-center px-6 pt-6 pb-2">
      <time
        dateTime={new Date(at).toISOString().slice(0, 10)}
        className="rounded-full bg-sunken px-3 py-1 text-xs font-semibold text-ink-soft"
      >
        {format.day(at, now)}
      </time>
    </div>
  );
}

export function UnreadDivider() {
  const { t } = useI18n();
  return (
    <div className="flex items-center gap-3 px-6 pt-5 pb-1 text-xs font-semibold text-ember-ink">
      <span className="h-px flex-1 bg-ember" />
      {t.conversation.unreadFromHere}
      <span className="h-px flex-1 bg-ember" />
    </div>
  );
}

/** Notices that touch on who can read are marked; the others are said in passing. */
const GRAVE: ReadonlySet<Notice["type"]> = new Set(["devices-changed", "rejoined"]);

export function NoticeRow({ notice }: { notice: Notice }) {
  const { t, format } = useI18n();
  const me = useMe();
  return (
    <p className="mx-auto flex max-w-lg items-start justify-center gap-2 px-6 pt-3 pb-1 text-center text-sm text-balance text-ink-faint">
      {GRAVE.has(notice.type) && <ShieldAlert size={15} aria-hidden="true" className="mt-0.5 shrink-0" />}
      <span>{noticeText(notice, me.id, t, format)}</span>
    </p>
  );
}

export function Beginning() {
  const { t } = useI18n();
  return (
    <div className="flex flex-col items-center gap-1 px-6 pt-10 pb-2 text-center">
      <Mark className="mb-2 size-9 text-primary opacity-70" />
      <p className="font-semibold">{t.conversation.beginning}</p>
      <p className="max-w-sm text-sm text-pretty text-ink-faint">{t.conversation.beginningBody}</p>
    </div>
  );
}

export function Older() {
  const { t } = useI18n();
  return (
    <div className="flex h-full items-center justify-center gap-2 text-sm text-ink-faint">
      <Spinner />
      {t.conversation.loadingOlder}
    </div>
  );
}
