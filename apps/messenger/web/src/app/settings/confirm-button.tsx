import { Button, type ButtonProps, ConfirmDialog } from "@rempart/ui";
import { useState } from "react";
import { useI18n } from "../i18n/context.tsx";

interface ConfirmButtonProps extends Omit<ButtonProps, "onClick" | "children"> {
  /** Says what happens, on the button and in the question. */
  label: string;
  title: string;
  body: string;
  /** The question is gone by then: what is done may ask for a fresh proof. */
  onConfirm: () => Promise<void>;
}

/** A button that asks before it acts. */
export function ConfirmButton({ label, title, body, onConfirm, ...button }: ConfirmButtonProps) {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  function confirm() {
    setAsked(false);
    void onConfirm();
  }
  return (
    <>
      <Button {...button} onClick={() => setAsked(true)}>
        {label}
      </Button>
      {asked && (
        <ConfirmDialog
          open
          danger={button.tone === "danger-quiet"}
          title={title}
          body={body}
          confirmLabel={label}
          cancelLabel={t.cancel}
          onConfirm={confirm}
          onCancel={() => setAsked(false)}
        />
      )}
    </>
  );
}
