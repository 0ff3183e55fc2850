import { useToast } from "@rempart/ui";
import { useCallback, useState } from "react";
import type { FailureCode, Result } from "../client/api.ts";
import { useI18n } from "./i18n/context.tsx";
import type { Catalogue } from "./i18n/en.ts";
import { useProven } from "./step-up/context.ts";

/** A failure in the reader's words, with how long to wait when the server said so. */
export function failureText(
  t: Catalogue,
  failure: { code: FailureCode; retryAfterSeconds?: number },
): string {
  const said = t.failures[failure.code];
  const { retryAfterSeconds } = failure;
  return retryAfterSeconds === undefined ? said : `${said} ${t.failureWait(Math.ceil(retryAfterSeconds))}`;
}

/** Sentences of a screen in place of the usual ones. */
type Words = Partial<Record<FailureCode, string>>;

/** Runs commands, asks for a fresh proof where one is wanted, says failures in a toast, and knows whether one is under way. */
export function useCommand(): {
  readonly busy: boolean;
  /** The value of a command that succeeded, or null after its failure was shown. */
  readonly run: <T>(command: () => Promise<Result<T>>, words?: Words) => Promise<{ value: T } | null>;
} {
  const { t } = useI18n();
  const toast = useToast();
  const proven = useProven();
  const [running, setRunning] = useState(0);
  const run = useCallback(
    async <T>(command: () => Promise<Result<T>>, words: Words = {}) => {
      setRunning((count) => count + 1);
      const result = await proven(command);
      setRunning((count) => count - 1);
      if (result.ok) return { value: result.value };
      // Whoever did not prove themselves closed the dialog that asked: they know.
      if (result.code !== "step-up-required") {
        toast({ title: words[result.code] ?? failureText(t, result), tone: "danger" });
      }
      return null;
    },
    [t, toast, proven],
  );
  return { busy: running > 0, run };
}
