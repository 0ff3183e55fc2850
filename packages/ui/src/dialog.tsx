import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { clsx } from "clsx";
import X from "lucide-react/icons/x";
import type { ReactNode } from "react";
import { Button, IconButton } from "./button.tsx";
import { useFocusGivenBack } from "./use-focus-given-back.ts";

const SCRIM =
  "fixed inset-0 z-40 bg-scrim transition-opacity duration-(--motion-calm) data-ending-style:opacity-0 data-starting-style:opacity-0";
const POPUP =
  "fixed z-40 flex max-h-[92dvh] flex-col overflow-hidden bg-surface text-ink shadow-high transition-all duration-(--motion-calm) " +
  "inset-x-0 bottom-0 rounded-t-xl data-ending-style:translate-y-4 data-ending-style:opacity-0 data-starting-style:translate-y-4 data-starting-style:opacity-0 " +
  "sm:inset-x-auto sm:bottom-auto sm:top-1/2 sm:left-1/2 sm:w-[calc(100vw-3rem)] sm:-translate-1/2 sm:rounded-xl " +
  "sm:data-ending-style:-translate-y-[46%] sm:data-starting-style:-translate-y-[46%]";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string | undefined;
  closeLabel: string;
  children: ReactNode;
  /** Stays visible below content that scrolls. */
  footer?: ReactNode;
  wide?: boolean;
  /** A click beside it does not close it: what it shows is shown once. */
  keepOpen?: boolean;
}

/** A sheet on a phone, a centred card elsewhere. Focus goes in, stays in, and returns where it was. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  closeLabel,
  children,
  footer,
  wide,
  keepOpen = false,
}: DialogProps) {
  useFocusGivenBack();
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} disablePointerDismissal={keepOpen}>
      <Base.Portal>
        <Base.Backdrop className={SCRIM} />
        <Base.Popup className={clsx(POPUP, wide ? "sm:max-w-2xl" : "sm:max-w-md")}>
          <header className="flex items-start gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0 flex-1 pt-1.5">
              <Base.Title className="text-lg font-semibold text-balance">{title}</Base.Title>
              {description && (
                <Base.Description className="mt-1 text-sm text-ink-soft">{description}</Base.Description>
              )}
            </div>
            <Base.Close
              render={
                <IconButton
                  label={closeLabel}
                  tooltipAlign="end"
                  icon={<X size={18} />}
                  className="-me-2 shrink-0"
                />
              }
            />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {footer && (
            <footer className="flex justify-end gap-2 border-t border-line px-5 py-3">{footer}</footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmDialogProps {
  open: boolean;
  title: string;
  /** What will happen, in one or two sentences. */
  body: string;
  confirmLabel: string;
  cancelLabel: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something that cannot be undone. Nothing behind it can be reached meanwhile. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  useFocusGivenBack();
  return (
    <AlertDialog.Root open={props.open} onOpenChange={(next) => !next && props.onCancel()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={SCRIM} />
        <AlertDialog.Popup className={clsx(POPUP, "sm:max-w-sm")}>
          <div className="flex flex-col gap-2 px-5 pt-5 pb-4">
            <AlertDialog.Title className="text-lg font-semibold text-balance">
              {props.title}
            </AlertDialog.Title>
            <AlertDialog.Description className="text-base text-ink-soft">
              {props.body}
            </AlertDialog.Description>
          </div>
          <footer className="flex flex-wrap justify-end gap-2 px-5 pb-5">
            <Button onClick={props.onCancel}>{props.cancelLabel}</Button>
            <Button
              tone={props.danger ? "danger" : "primary"}
              busy={props.busy ?? false}
              onClick={props.onConfirm}
            >
              {props.confirmLabel}
            </Button>
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
