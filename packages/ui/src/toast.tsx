import { Toast as Base } from "@base-ui/react/toast";
import { clsx } from "clsx";
import X from "lucide-react/icons/x";
import { type ReactNode, useCallback } from "react";

export interface ToastInput {
  title: string;
  tone?: "info" | "success" | "danger";
  action?: { label: string; run: () => void };
}

const TONES: Record<string, string> = {
  info: "before:bg-primary",
  success: "before:bg-success",
  danger: "before:bg-danger",
};

/** The way to say that something happened. Announced politely, failures too: they answer what one just did. */
export function useToast(): (input: ToastInput) => void {
  const { add } = Base.useToastManager();
  return useCallback(
    ({ title, tone = "info", action }: ToastInput) => {
      add({
        title,
        type: tone,
        timeout: action || tone === "danger" ? 9000 : 5000,
        ...(action && { actionProps: { children: action.label, onClick: action.run } }),
      });
    },
    [add],
  );
}

interface ToastProviderProps {
  label: string;
  dismissLabel: string;
  children: ReactNode;
}

export function ToastProvider({ label, dismissLabel, children }: ToastProviderProps) {
  return (
    <Base.Provider limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport
          aria-label={label}
          className="fixed inset-x-3 bottom-3 z-50 flex flex-col gap-2 outline-none sm:inset-x-auto sm:end-5 sm:bottom-5 sm:w-96"
        >
          <ToastList dismissLabel={dismissLabel} />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function ToastList({ dismissLabel }: { dismissLabel: string }) {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root
      key={toast.id}
      toast={toast}
      className={clsx(
        "relative overflow-hidden rounded-lg border border-line bg-raised text-ink shadow-high transition-all duration-(--motion-calm) data-limited:hidden",
        "before:absolute before:inset-y-0 before:start-0 before:w-1 data-ending-style:opacity-0 data-starting-style:translate-y-3 data-starting-style:opacity-0",
        TONES[toast.type ?? "info"],
      )}
    >
      <Base.Content className="flex items-center gap-2 py-2 ps-4 pe-2">
        <Base.Title render={<p />} className="min-w-0 flex-1 py-1 text-base font-medium text-pretty" />
        <Base.Action className="rounded-md px-2.5 py-1.5 text-sm font-semibold text-primary hover:bg-hover" />
        <Base.Close
          aria-label={dismissLabel}
          className="inline-flex size-9 shrink-0 items-center justify-center rounded-md text-ink-faint hover:bg-hover hover:text-ink"
        >
          <X size={16} aria-hidden="true" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ));
}
