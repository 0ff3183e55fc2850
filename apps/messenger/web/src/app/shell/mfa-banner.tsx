import { Link } from "@tanstack/react-router";
import ShieldAlert from "lucide-react/icons/shield-alert";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";

/** For those whose role waits for a second factor: the way to add one. */
export function MfaBanner() {
  const { t } = useI18n();
  const { mfaRequired } = useMe();
  if (!mfaRequired) return null;
  return (
    <section
      aria-label={t.mfaBanner.title}
      className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1 bg-warning-soft px-4 py-1.5 text-sm text-on-warning-soft"
    >
      <span className="flex items-center gap-2.5">
        <ShieldAlert size={16} aria-hidden="true" className="shrink-0" />
        {t.mfaBanner.body}
      </span>
      <Link
        to="/settings/security"
        className="inline-flex min-h-7 items-center rounded-sm px-2 font-semibold underline underline-offset-3 hover:no-underline"
      >
        {t.mfaBanner.action}
      </Link>
    </section>
  );
}
