import { lazy, type ReactNode, Suspense, useCallback, useState } from "react";
import type { Result } from "../../client/api.ts";
import { ProvenContext } from "./context.ts";

const StepUpDialog = lazy(() => import("./step-up-dialog.tsx"));

/** Shows the dialog that asks for a fresh proof whenever an act inside needs one. */
export function StepUpProvider({ children }: { children: ReactNode }) {
  const [asking, setAsking] = useState<{ settle: (proved: boolean) => void } | null>(null);
  const prove = useCallback(
    () =>
      new Promise<boolean>((resolve) => {
        setAsking({
          settle(proved) {
            setAsking(null);
            resolve(proved);
          },
        });
      }),
    [],
  );
  const proven = useCallback(
    async <T,>(act: () => Promise<Result<T>>) => {
      const result = await act();
      if (result.ok || result.code !== "step-up-required") return result;
      return (await prove()) ? act() : result;
    },
    [prove],
  );
  return (
    <ProvenContext value={proven}>
      {children}
      <Suspense>
        {asking && <StepUpDialog onProved={() => asking.settle(true)} onClose={() => asking.settle(false)} />}
      </Suspense>
    </ProvenContext>
  );
}
