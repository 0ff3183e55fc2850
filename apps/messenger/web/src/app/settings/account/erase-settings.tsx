import { Button, TextField } from "@rempart/ui";
import { useRef, useState } from "react";
import { useClient, useMe } from "../../client-context.tsx";
import { FormFailure } from "../../forms/form-parts.tsx";
import { useFocusAt } from "../../forms/use-focus-at.ts";
import { useForm } from "../../forms/use-form.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useProven } from "../../step-up/context.ts";

/** The account goes for good: whoever means it types their name. */
export function EraseSettings() {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  function close() {
    setAsked(false);
    requestAnimationFrame(() => opener.current?.focus());
  }
  if (asked) return <EraseForm onCancel={close} />;
  return (
    <Button ref={opener} tone="danger-quiet" onClick={() => setAsked(true)}>
      {t.settings.erase}
    </Button>
  );
}

function EraseForm({ onCancel }: { onCancel: () => void }) {
  const { t } = useI18n();
  const client = useClient();
  const { name } = useMe();
  const proven = useProven();
  const field = useRef<HTMLInputElement>(null);
  useFocusAt(field, null);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["name"],
    check: ({ name: typed }) => (typed.trim() === name ? {} : { name: t.settings.eraseMismatch(name) }),
    send: () => proven(() => client.eraseAccount()),
  });
  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormFailure text={failure} />
      <TextField
        ref={field}
        name="name"
        label={t.settings.eraseName(name)}
        autoComplete="off"
        spellCheck={false}
        error={errors.name}
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onCancel}>{t.cancel}</Button>
        <Button type="submit" tone="danger" busy={busy}>
          {t.settings.eraseConfirm}
        </Button>
      </div>
    </form>
  );
}
