import type { SecondFactor as Method } from "@rempart/messaging/contract";
import { Button } from "@rempart/ui";
import { useRef, useState } from "react";
import type { FailureCode, Result, SignInStep } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { CodeField, type CodeKind } from "../forms/code-field.tsx";
import { FormFailure } from "../forms/form-parts.tsx";
import { useFocusAt } from "../forms/use-focus-at.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";
import { PasskeyButton } from "../webauthn/passkey-button.tsx";
import { supportsPasskeys } from "../webauthn/passkeys.ts";

interface SecondFactorProps {
  step: Extract<SignInStep, { status: "second-factor" }>;
  /** Back to the password: given up, or too late. */
  onOver: (why: FailureCode | null) => void;
}

/** The password was right; this is the rest. */
export default function SecondFactor({ step, onOver }: SecondFactorProps) {
  const { t } = useI18n();
  const client = useClient();
  const { challenge } = step;
  const usable = step.methods.filter((method) => method !== "passkey" || supportsPasskeys());
  const [method, setMethod] = useState<Method>(usable[0] ?? "recovery-code");

  /** A sign-in that is over cannot be finished here, whatever is typed. */
  const settled = <T,>(result: Result<T>): Result<T> => {
    if (!result.ok && result.code === "invalid-challenge") onOver(result.code);
    return result;
  };

  return (
    <>
      <h1 className="mb-2 text-2xl font-semibold tracking-tight text-balance">{t.factor.title}</h1>
      <p className="mb-6 text-ink-soft">{t.factor.lead[method]}</p>
      {method === "passkey" ? (
        <PasskeyButton
          start={async () => settled(await client.startPasskeySecondFactor(challenge))}
          finish={async (response) =>
            settled(await client.completeSignIn({ challenge, proof: { method, response } }))
          }
        />
      ) : (
        <ByCode key={method} kind={method} challenge={challenge} settled={settled} />
      )}
      <div className="mt-6 flex flex-col items-center gap-1">
        {usable
          .filter((other) => other !== method)
          .map((other) => (
            <Button key={other} tone="plain" size="sm" onClick={() => setMethod(other)}>
              {t.factor.instead[other]}
            </Button>
          ))}
        <Button tone="plain" size="sm" onClick={() => onOver(null)}>
          {t.door.backToSignIn}
        </Button>
      </div>
    </>
  );
}

interface ByCodeProps {
  kind: CodeKind;
  challenge: string;
  settled: (result: Result) => Result;
}

function ByCode({ kind, challenge, settled }: ByCodeProps) {
  const { t } = useI18n();
  const client = useClient();
  const field = useRef<HTMLInputElement>(null);
  useFocusAt(field, kind);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["code"],
    check: ({ code }) => (code.trim() === "" ? { code: t.factor.codeMissing } : {}),
    send: async ({ code }) =>
      settled(await client.completeSignIn({ challenge, proof: { method: kind, code: code.trim() } })),
    meanings: { "wrong-factor": { field: "code", text: t.factor.wrongCode[kind] } },
  });
  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormFailure text={failure} />
      <CodeField kind={kind} ref={field} error={errors.code} />
      <Button type="submit" tone="primary" busy={busy} className="mt-2 min-h-11">
        {t.door.signIn}
      </Button>
    </form>
  );
}
