import type { FactorProof, Factors } from "@rempart/messaging/contract";
import { Button, Dialog, Skeleton } from "@rempart/ui";
import { useCallback, useEffect, useRef, useState } from "react";
import type { PasskeyAnswer } from "../../client/api.ts";
import { useClient, useMe } from "../client-context.tsx";
import { CodeField, type CodeKind } from "../forms/code-field.tsx";
import { FormFailure, Or } from "../forms/form-parts.tsx";
import { PasswordField } from "../forms/password-field.tsx";
import { found } from "../forms/rules.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";
import { useRemote } from "../use-remote.ts";
import { PasskeyButton } from "../webauthn/passkey-button.tsx";
import { supportsPasskeys } from "../webauthn/passkeys.ts";

interface StepUpDialogProps {
  onProved: () => void;
  onClose: () => void;
}

/** Whoever acts proves once more who they are: by a passkey alone, or the password with the second factor they have. */
export default function StepUpDialog({ onProved, onClose }: StepUpDialogProps) {
  const { t } = useI18n();
  const client = useClient();
  const [factors] = useRemote(useCallback(() => client.factors(), [client]));
  return (
    <Dialog open onClose={onClose} title={t.stepUp.title} description={t.stepUp.body} closeLabel={t.close}>
      <div className="pt-3">
        {factors.state === "loading" && <Skeleton className="h-11" />}
        {factors.state === "failed" && (
          <FormFailure text={`${t.stepUp.cannotAsk} ${t.failures[factors.code]}`} />
        )}
        {factors.state === "loaded" && <Ways factors={factors.value} onProved={onProved} />}
      </div>
    </Dialog>
  );
}

function Ways({ factors, onProved }: { factors: Factors; onProved: () => void }) {
  const client = useClient();
  const hasPasskey = factors.passkeys.length > 0 && supportsPasskeys();
  async function byPasskey(response: PasskeyAnswer) {
    const result = await client.stepUp({ factor: { method: "passkey", response } });
    if (result.ok) onProved();
    return result;
  }
  return (
    <>
      {hasPasskey && (
        <>
          <PasskeyButton start={() => client.startPasskeyStepUp()} finish={byPasskey} />
          <Or />
        </>
      )}
      <ByPassword factors={factors} quiet={hasPasskey} onProved={onProved} />
    </>
  );
}

interface ByPasswordProps {
  factors: Factors;
  /** Another way is the first choice. */
  quiet: boolean;
  onProved: () => void;
}

function ByPassword({ factors, quiet, onProved }: ByPasswordProps) {
  const { t } = useI18n();
  const client = useClient();
  const { email, mfaEnabled } = useMe();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!quiet) field.current?.focus();
  }, [quiet]);
  const [kind, setKind] = useState<CodeKind>(factors.totp === null ? "recovery-code" : "totp");
  const other: CodeKind = kind === "totp" ? "recovery-code" : "totp";
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["password", "code"],
    check: ({ password, code }) =>
      found({
        password: password === "" ? t.door.passwordMissing : null,
        code: mfaEnabled && code.trim() === "" ? t.factor.codeMissing : null,
      }),
    send: ({ password, code }) =>
      client.stepUp(mfaEnabled ? { password, factor: codeProof(kind, code) } : { password }),
    done: onProved,
    meanings: {
      "wrong-credentials": { field: "password", text: t.stepUp.wrongPassword },
      "wrong-factor": { field: "code", text: t.factor.wrongCode[kind] },
    },
  });
  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormFailure text={failure} />
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordField
        ref={field}
        label={t.stepUp.password}
        autoComplete="current-password"
        error={errors.password}
      />
      {mfaEnabled && <CodeField kind={kind} error={errors.code} />}
      {mfaEnabled && factors.totp !== null && factors.recoveryCodesLeft > 0 && (
        <Button tone="plain" size="sm" className="-ms-3 self-start" onClick={() => setKind(other)}>
          {t.factor.instead[other]}
        </Button>
      )}
      <Button type="submit" tone={quiet ? "quiet" : "primary"} busy={busy} className="min-h-11">
        {t.stepUp.confirm}
      </Button>
    </form>
  );
}

function codeProof(method: CodeKind, code: string): FactorProof {
  return { method, code: code.trim() };
}
