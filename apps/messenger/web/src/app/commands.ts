import { useToast } from "@rempart/ui";
import { useCallback, useState } from "react";
import type { FailureCode, Result } from "../client/api.ts";
import { useI18n } from "./i18n/context.tsx";
import type { Catalogue } from "./i18n/en.ts";

/** A failure in the reader's words, with how long to wait when the server said so. */
export function failureText(
  t: Catalogue,
  failure: { code: FailureCode; retryAfterSeconds?: number },
): string {
  const said = t.failures[failure.code];
  const { retryAfterSeconds } = failure;
  return retryAfterSeconds === undefined ? said : `${said} ${t.failureWait(Math.ceil(retryAfterSeconds))}`;
}

/** Runs commands, says their failures in a toast, and knows whether one is under way. */
export function useCommand(): {
  readonly busy: boolean;
  /** The value of a command that succeeded, or null after its failure was shown. */
  readonly run: <T>(command: Promise<Result<T>>) => Promise<{ value: T } | null>;
} {
  const { t } = useI18n();
  const toast = useToast();
  const [running, setRunning] = useState(0);
  const run = useCallback(
    async <T>(command: Promise<Result<T>>) => {
      setRunning((count) => count + 1);
      const result = await command;
      setRunning((count) => count - 1);
      if (result.ok) return { value: result.value };
      toast({ title: failureText(t, result), tone: "danger" });
      return null;
    },
    [t, toast],
  );
  return { busy: running > 0, run };
}
