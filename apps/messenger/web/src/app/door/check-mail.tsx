import MailCheck from "lucide-react/icons/mail-check";
import { useRef } from "react";
import { OtherWay } from "../forms/form-parts.tsx";
import { useFocusAt } from "../forms/use-focus-at.ts";
import { useI18n } from "../i18n/context.tsx";

/** The next step is in a mail. */
export function CheckMail({ body }: { body: string }) {
  const { t } = useI18n();
  const heading = useRef<HTMLHeadingElement>(null);
  useFocusAt(heading, body);
  return (
    <div className="text-center">
      <MailCheck size={44} strokeWidth={1.5} aria-hidden="true" className="mx-auto mb-4 text-primary" />
      <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight outline-none">
        {t.door.checkMail}
      </h1>
      <p className="mt-3 text-pretty text-ink-soft">{body}</p>
      <p className="mt-3 text-sm text-pretty text-ink-faint">{t.door.checkMailHint}</p>
      <OtherWay question={t.door.mailFollowed} label={t.door.signIn} to="/sign-in" />
    </div>
  );
}
