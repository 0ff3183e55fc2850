import { Link } from "@tanstack/react-router";

export function FormFailure({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p role="alert" className="rounded-lg bg-danger-soft px-4 py-3 text-on-danger-soft">
      {text}
    </p>
  );
}

/** The way to the other form. */
export function OtherWay({
  question,
  label,
  to,
}: {
  question: string;
  label: string;
  to: "/sign-in" | "/sign-up";
}) {
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
