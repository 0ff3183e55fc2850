import { TextField, type TextFieldProps } from "@rempart/ui";
import type { RefObject } from "react";
import { useI18n } from "../i18n/context.tsx";

export type CodeKind = "totp" | "recovery-code";

interface CodeFieldProps extends Pick<TextFieldProps, "error"> {
  kind: CodeKind;
  ref?: RefObject<HTMLInputElement | null>;
}

/** For the six digits of an authenticator app, or one of the recovery codes. */
export function CodeField({ kind, error, ref }: CodeFieldProps) {
  const { t } = useI18n();
  const digits = kind === "totp";
  return (
    <TextField
      {...(ref && { ref })}
      key={kind}
      name="code"
      label={digits ? t.factor.code : t.factor.recoveryCode}
      hint={digits ? t.factor.codeHint : t.factor.recoveryCodeHint}
      error={error}
      inputMode={digits ? "numeric" : "text"}
      autoComplete={digits ? "one-time-code" : "off"}
      autoCapitalize="none"
      spellCheck={false}
      maxLength={digits ? 12 : 64}
      className="[&_input]:font-mono [&_input]:text-lg [&_input]:tracking-widest"
    />
  );
}
