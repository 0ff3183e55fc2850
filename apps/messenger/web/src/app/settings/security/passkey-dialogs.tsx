import type { Passkey } from "@rempart/messaging/contract";
import { Button, Dialog, TextField } from "@rempart/ui";
import type { PasskeyOptions, RecoveryCodes, Result } from "../../../client/api.ts";
import { useClient } from "../../client-context.tsx";
import { FormFailure } from "../../forms/form-parts.tsx";
import { useForm } from "../../forms/use-form.ts";
import { useI18n } from "../../i18n/context.tsx";
import { makePasskey } from "../../webauthn/passkeys.ts";
import { browserName } from "../devices/browser-name.ts";

const NAME_CHARACTERS = 80;

interface AddPasskeyDialogProps {
  options: PasskeyOptions;
  onDone: (codes: RecoveryCodes) => void;
  onClose: () => void;
}

/** A name first, then the browser's own dialog. One that was declined there can be asked for again. */
export function AddPasskeyDialog({ options, onDone, onClose }: AddPasskeyDialogProps) {
  const { t } = useI18n();
  const client = useClient();
  const naming = useNaming(
    async (name) => {
      const made = await makePasskey(options);
      return made.ok ? client.addPasskey({ name, answer: made.value }) : made;
    },
    ({ recoveryCodes }) => onDone(recoveryCodes),
  );
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.security.addPasskey}
      description={t.security.addPasskeyBody}
      closeLabel={t.close}
    >
      <NameForm
        {...naming}
        initial={browserName(navigator.userAgent) ?? ""}
        action={t.security.makePasskey}
      />
    </Dialog>
  );
}

interface RenamePasskeyDialogProps {
  passkey: Passkey;
  onDone: () => void;
  onClose: () => void;
}

export function RenamePasskeyDialog({ passkey, onDone, onClose }: RenamePasskeyDialogProps) {
  const { t } = useI18n();
  const client = useClient();
  const naming = useNaming((name) => client.renamePasskey(passkey.id, name), onDone);
  return (
    <Dialog open onClose={onClose} title={t.security.renamePasskey} closeLabel={t.close}>
      <NameForm {...naming} initial={passkey.name} action={t.save} />
    </Dialog>
  );
}

function useNaming<T>(send: (name: string) => Promise<Result<T>>, done: (value: T) => void) {
  const { t } = useI18n();
  return useForm<"name", T>({
    fields: ["name"],
    check: ({ name }) => (name.trim() === "" ? { name: t.security.passkeyNameMissing } : {}),
    send: ({ name }) => send(name.trim()),
    done,
  });
}

interface NameFormProps extends ReturnType<typeof useNaming> {
  initial: string;
  action: string;
}

function NameForm({ form, submit, errors, failure, busy, initial, action }: NameFormProps) {
  const { t } = useI18n();
  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4 pt-3">
      <FormFailure text={failure} />
      <TextField
        label={t.security.passkeyName}
        hint={t.security.passkeyNameHint}
        name="name"
        autoComplete="off"
        maxLength={NAME_CHARACTERS}
        defaultValue={initial}
        error={errors.name}
      />
      <Button type="submit" tone="primary" busy={busy} className="min-h-11">
        {action}
      </Button>
    </form>
  );
}
