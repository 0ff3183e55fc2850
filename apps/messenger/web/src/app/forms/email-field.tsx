import { TextField, type TextFieldProps } from "@rempart/ui";
import { useI18n } from "../i18n/context.tsx";

type EmailFieldProps = Pick<TextFieldProps, "error" | "hint" | "autoComplete" | "ref"> & { label?: string };

export function EmailField({ label, autoComplete = "username", ...rest }: EmailFieldProps) {
  const { t } = useI18n();
  return (
    <TextField
      {...rest}
      label={label ?? t.door.email}
      name="email"
      type="email"
      autoComplete={autoComplete}
      maxLength={254}
    />
  );
}
