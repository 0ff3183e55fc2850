import { clsx } from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

const CONTROL =
  "w-full rounded-md border border-line-strong bg-raised px-3 py-2 text-base text-ink placeholder:text-ink-faint " +
  "transition-colors hover:border-ink-faint focus-visible:border-focus focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-danger";

export interface TextFieldProps extends Omit<ComponentProps<"input">, "id"> {
  label: string;
  hint?: string | undefined;
  /** What is wrong and how to mend it; announced when it appears. */
  error?: string | null | undefined;
  /** Stands inside the control, at its end: a button that shows the password, a counter. */
  trailing?: ReactNode;
}

export function TextField({ label, hint, error, trailing, className, ...rest }: TextFieldProps) {
  const id = useId();
  const described = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return (
    <div className={clsx("flex flex-col gap-1.5", className)}>
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      <div className="relative">
        <input
          {...rest}
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
          className={clsx(CONTROL, "min-h-11", trailing !== undefined && "pe-12")}
        />
        {trailing && <div className="absolute inset-y-0 end-0.5 flex items-center">{trailing}</div>}
      </div>
      {error && (
        <p id={`${id}-error`} role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-ink-faint">
          {hint}
        </p>
      )}
    </div>
  );
}

export interface SearchFieldProps extends Omit<ComponentProps<"input">, "type" | "aria-label"> {
  label: string;
  icon: ReactNode;
}

/** A search box whose label is spoken, not shown. */
export function SearchField({ label, icon, className, ...rest }: SearchFieldProps) {
  return (
    <div className={clsx("relative", className)}>
      <span
        aria-hidden="true"
        className="pointer-events-none absolute inset-y-0 start-3 flex items-center text-ink-faint"
      >
        {icon}
      </span>
      <input
        type="search"
        autoComplete="off"
        spellCheck={false}
        {...rest}
        aria-label={label}
        className="min-h-10 w-full rounded-md border border-transparent bg-sunken ps-9 pe-3 text-base text-ink placeholder:text-ink-faint hover:border-line focus-visible:bg-raised focus-visible:outline-offset-0"
      />
    </div>
  );
}
