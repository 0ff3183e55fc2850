import { Link } from "@tanstack/react-router";
import { useI18n } from "../i18n/context.tsx";

export function FormFailure({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p role="alert" className="rounded-lg bg-danger-soft px-4 py-3 text-on-danger-soft">
      {text}
    </p>
  );
}

interface OtherWayProps {
  question: string;
  label: string;
  to: "/sign-in" | "/sign-up";
}

/** The way to the other form. */
export function OtherWay({ question, label, to }: OtherWayProps) {
  return (
    <p className="mt-6 text-center text-ink-soft">
      {question}{" "}
      <Link
        to={to}
        className="font-semibold text-primary underline underline-offset-3 hover:text-primary-hover"
      >
        {label}
      </Link>
    </p>
  );
}

/** Between two ways to the same end. */
export function Or() {
  const { t } = useI18n();
  return (
    <p className="my-4 flex items-center gap-3 text-sm text-ink-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      {t.or}
    </p>
  );
}
