import { Button } from "@rempart/ui";
import { useNavigate } from "@tanstack/react-router";
import CircleCheck from "lucide-react/icons/circle-check";
import Unlink from "lucide-react/icons/unlink";
import { type ReactNode, useRef, useState } from "react";
import type { MessengerClient, Result } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { failureText } from "../commands.ts";
import { FormFailure } from "../forms/form-parts.tsx";
import { useFocusAt } from "../forms/use-focus-at.ts";
import { useI18n } from "../i18n/context.tsx";
import type { LinkKind } from "./arrival.ts";
import { useArrival } from "./arrival-context.tsx";
import { DoorFrame } from "./frame.tsx";
import { ResetPassword } from "./reset-password.tsx";

type State = "asked" | "done" | "invalid";

/**
 * What a link in a mail leads to. Nothing happens before the button is pressed: programs that look into mails open links, and
 * some of them run the page.
 */
export default function LinkDoor({ kind, token }: { kind: LinkKind; token: string }) {
  const [state, setState] = useState<State>("asked");
  return (
    <DoorFrame>
      {state === "asked" && <Asked kind={kind} token={token} onSettled={setState} />}
      {state === "done" && <Done kind={kind} />}
      {state === "invalid" && <Invalid kind={kind} />}
    </DoorFrame>
  );
}

interface AskedProps {
  kind: LinkKind;
  token: string;
  onSettled: (state: State) => void;
}

function Asked({ kind, token, onSettled }: AskedProps) {
  const settle = (result: Result): Result => {
    if (result.ok) onSettled("done");
    else if (result.code === "invalid-link") onSettled("invalid");
    return result;
  };
  if (kind === "reset-password") return <ResetPassword token={token} settle={settle} />;
  return <Confirm kind={kind} token={token} settle={settle} />;
}

type ButtonKind = Exclude<LinkKind, "reset-password">;

const COMMANDS = {
  "verify-email": "verifyEmail",
  "confirm-email": "confirmEmailChange",
  "undo-email": "undoEmailChange",
} as const satisfies Record<ButtonKind, keyof MessengerClient>;

interface ConfirmProps {
  kind: ButtonKind;
  token: string;
  settle: (result: Result) => Result;
}

function Confirm({ kind, token, settle }: ConfirmProps) {
  const { t } = useI18n();
  const client = useClient();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const words = t.link[kind];

  async function confirm() {
    setBusy(true);
    const result = settle(await client[COMMANDS[kind]](token));
    setBusy(false);
    setFailure(result.ok ? null : failureText(t, result));
  }

  return (
    <>
      <h1 className="mb-2 text-2xl font-semibold tracking-tight text-balance">{words.title}</h1>
      <p className="mb-6 text-ink-soft">{words.body}</p>
      <div className="flex flex-col gap-4">
        <FormFailure text={failure} />
        <Button tone="primary" busy={busy} className="min-h-11" onClick={() => void confirm()}>
          {words.action}
        </Button>
      </div>
    </>
  );
}

function Done({ kind }: { kind: LinkKind }) {
  const { t } = useI18n();
  const { settle } = useArrival();
  const words = t.link[kind];
  return (
    <Outcome
      icon={<CircleCheck size={44} strokeWidth={1.5} className="text-success" />}
      title={words.done}
      body={words.doneBody}
    >
      <Button tone="primary" className="min-h-11" onClick={settle}>
        {t.link.goOn}
      </Button>
    </Outcome>
  );
}

function Invalid({ kind }: { kind: LinkKind }) {
  const { t } = useI18n();
  const { settle } = useArrival();
  const navigate = useNavigate();
  async function again() {
    await navigate({ to: "/forgotten" });
    settle();
  }
  return (
    <Outcome
      icon={<Unlink size={44} strokeWidth={1.5} className="text-ink-faint" />}
      title={t.link.invalid}
      body={t.link[kind].invalidBody}
    >
      {kind === "reset-password" && (
        <Button tone="primary" className="min-h-11" onClick={() => void again()}>
          {t.link.newReset}
        </Button>
      )}
      <Button className="min-h-11" onClick={settle}>
        {t.link.goOn}
      </Button>
    </Outcome>
  );
}

interface OutcomeProps {
  icon: ReactNode;
  title: string;
  body: string;
  children: ReactNode;
}

function Outcome({ icon, title, body, children }: OutcomeProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useFocusAt(heading, title);
  return (
    <div className="flex flex-col gap-3 text-center">
      <span aria-hidden="true" className="mx-auto mb-1">
        {icon}
      </span>
      <h1
        ref={heading}
        tabIndex={-1}
        className="text-2xl font-semibold tracking-tight text-balance outline-none"
      >
        {title}
      </h1>
      <p className="mb-3 text-pretty text-ink-soft">{body}</p>
      {children}
    </div>
  );
}
