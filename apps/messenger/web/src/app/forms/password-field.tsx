import { TextField, type TextFieldProps } from "@rempart/ui";
import Eye from "lucide-react/icons/eye";
import EyeOff from "lucide-react/icons/eye-off";
import { useState } from "react";
import { useI18n } from "../i18n/context.tsx";

interface PasswordFieldProps extends Pick<TextFieldProps, "hint" | "error" | "autoComplete" | "ref"> {
  label?: string;
  name?: string;
}

export function PasswordField({ label, name = "password", ...rest }: PasswordFieldProps) {
  const { t } = useI18n();
  const [shown, setShown] = useState(false);
  return (
    <TextField
      {...rest}
      label={label ?? t.door.password}
      name={name}
      type={shown ? "text" : "password"}
      maxLength={256}
      trailing={
        <button
          type="button"
          aria-label={shown ? t.door.hidePassword : t.door.showPassword}
          onClick={() => setShown(!shown)}
          className="inline-flex size-10 items-center justify-center rounded-md text-ink-faint hover:text-ink"
        >
          {shown ? <EyeOff size={18} aria-hidden="true" /> : <Eye size={18} aria-hidden="true" />}
        </button>
      }
    />
  );
}
