import { Button } from "@rempart/ui";
import { Link } from "@tanstack/react-router";
import KeyRound from "lucide-react/icons/key-round";
import { lazy, useState } from "react";
import type { FailureCode, PasskeyAnswer, Result, SignInStep } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { failureText } from "../commands.ts";
import { EmailField } from "../forms/email-field.tsx";
import { FormFailure, Or, OtherWay } from "../forms/form-parts.tsx";
import { PasswordField } from "../forms/password-field.tsx";
import { signInErrors } from "../forms/rules.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";
import { askForPasskey, supportsPasskeys } from "../webauthn/passkeys.ts";
import { usePasskeyAutofill } from "../webauthn/use-autofill.ts";

const SecondFactor = lazy(() => import("./second-factor.tsx"));

type Waiting = Extract<SignInStep, { status: "second-factor" }>;

/** The password first; for an account with a second factor, that one next. */
export function SignIn() {
  const { t } = useI18n();
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const [over, setOver] = useState<FailureCode | null>(null);

  function begin(step: SignInStep) {
    setOver(null);
    if (step.status === "second-factor") setWaiting(step);
  }
  function giveUp(code: FailureCode | null) {
    setWaiting(null);
    setOver(code);
  }

  if (waiting !== null) return <SecondFactor step={waiting} onOver={giveUp} />;
  return <FirstStep failure={over && t.failures[over]} onDone={begin} />;
}

function FirstStep({ failure, onDone }: { failure: string | null; onDone: (step: SignInStep) => void }) {
  const { t } = useI18n();
  const client = useClient();
  const password = useForm({
    fields: ["email", "password"],
    check: (values) => signInErrors(t, values),
    send: ({ email, password }) => client.signIn({ email: email.trim(), password }),
    done: onDone,
  });
  const passkey = usePasskeySignIn();
  return (
    <>
      <h1 className="mb-6 text-2xl font-semibold tracking-tight">{t.door.signInTitle}</h1>
      <form
        ref={password.form}
        onSubmit={password.submit}
        onPointerEnter={passkey.offer}
        onFocus={passkey.offer}
        noValidate
        className="flex flex-col gap-4"
      >
        <FormFailure text={password.failure ?? passkey.failure ?? failure} />
        <EmailField autoComplete="username webauthn" error={password.errors.email} />
        <PasswordField autoComplete="current-password" error={password.errors.password} />
        <Link
          to="/forgotten"
          className="self-end text-sm font-medium text-primary underline underline-offset-3 hover:text-primary-hover"
        >
          {t.door.forgotten}
        </Link>
        <Button type="submit" tone="primary" busy={password.busy} className="min-h-11">
          {t.door.signIn}
        </Button>
      </form>
      {supportsPasskeys() && (
        <>
          <Or />
          <Button className="min-h-11 w-full" busy={passkey.busy} onClick={() => void passkey.ask()}>
            <KeyRound size={17} aria-hidden="true" />
            {t.door.withPasskey}
          </Button>
        </>
      )}
      <OtherWay question={t.door.noAccount} label={t.door.signUp} to="/sign-up" />
    </>
  );
}

/** A passkey alone: chosen among what the browser fills in, or asked for by the button. */
function usePasskeySignIn() {
  const { t } = useI18n();
  const client = useClient();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function enter(given: Result<PasskeyAnswer>) {
    const result = given.ok ? await client.signInWithPasskey(given.value) : given;
    setFailure(result.ok ? null : failureText(t, result));
  }
  const autofill = usePasskeyAutofill((answer) => void enter({ ok: true, value: answer }));

  async function ask() {
    // A page may wait for one passkey at a time.
    autofill.stop();
    setBusy(true);
    const options = await client.startPasskeySignIn();
    await enter(options.ok ? await askForPasskey(options.value) : options);
    setBusy(false);
  }

  return { failure, busy, ask, offer: autofill.begin };
}
