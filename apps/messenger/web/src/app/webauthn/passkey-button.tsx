import { Button } from "@rempart/ui";
import KeyRound from "lucide-react/icons/key-round";
import { useRef, useState } from "react";
import type { PasskeyAnswer, PasskeyOptions, Result } from "../../client/api.ts";
import { failureText } from "../commands.ts";
import { FormFailure } from "../forms/form-parts.tsx";
import { useFocusAt } from "../forms/use-focus-at.ts";
import { useI18n } from "../i18n/context.tsx";
import { askForPasskey } from "./passkeys.ts";

interface PasskeyButtonProps {
  /** What to ask for. */
  start: () => Promise<Result<PasskeyOptions>>;
  /** What to do with the answer of the browser's dialog. */
  finish: (answer: PasskeyAnswer) => Promise<Result>;
}

/** The first thing to do on its screen: it takes the focus, and says by itself what went wrong. */
export function PasskeyButton({ start, finish }: PasskeyButtonProps) {
  const { t } = useI18n();
  const button = useRef<HTMLButtonElement>(null);
  useFocusAt(button, null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function ask(): Promise<Result> {
    const options = await start();
    const answer = options.ok ? await askForPasskey(options.value) : options;
    return answer.ok ? finish(answer.value) : answer;
  }
  async function press() {
    setBusy(true);
    const result = await ask();
    setBusy(false);
    setFailure(result.ok ? null : failureText(t, result));
  }

  return (
    <div className="flex flex-col gap-4">
      <FormFailure text={failure} />
      <Button ref={button} tone="primary" busy={busy} className="min-h-11" onClick={() => void press()}>
        <KeyRound size={17} aria-hidden="true" />
        {t.factor.usePasskey}
      </Button>
    </div>
  );
}
