import { useCallback, useEffect, useState } from "react";
import type { FailureCode, Result } from "../client/api.ts";

export type Remote<T> =
  | { readonly state: "loading" }
  | { readonly state: "loaded"; readonly value: T }
  | { readonly state: "failed"; readonly code: FailureCode };

/** Asks once, and again when told to; what was loaded stays shown meanwhile. `ask` must keep its identity. */
export function useRemote<T>(ask: () => Promise<Result<T>>): [Remote<T>, () => Promise<void>] {
  const [remote, setRemote] = useState<Remote<T>>({ state: "loading" });
  const load = useCallback(async () => {
    const result = await ask();
    setRemote(result.ok ? { state: "loaded", value: result.value } : { state: "failed", code: result.code });
  }, [ask]);
  useEffect(() => {
    void load();
  }, [load]);
  return [remote, load];
}
