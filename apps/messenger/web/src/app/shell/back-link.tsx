import { Link, type LinkProps } from "@tanstack/react-router";
import ArrowLeft from "lucide-react/icons/arrow-left";

type BackLinkProps = Pick<LinkProps, "to" | "params"> & { label: string; className?: string };

export function BackLink({ label, className = "", ...target }: BackLinkProps) {
  return (
    <Link
      {...target}
      aria-label={label}
      className={`inline-flex size-10 shrink-0 items-center justify-center rounded-md text-ink-soft hover:bg-hover hover:text-ink ${className}`}
    >
      <ArrowLeft size={20} aria-hidden="true" />
    </Link>
  );
}
