import { Button, ConfirmDialog } from "@rempart/ui";
import { useState } from "react";
import { useClient } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";

type Asked = "nothing" | "everywhere" | "forget";

export function SignOutSettings() {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [asked, setAsked] = useState<Asked>("nothing");
  const forget = asked === "forget";

  async function confirm() {
    await run(() => client.signOut(forget ? { forgetDevice: true } : { everywhere: true }));
    setAsked("nothing");
  }

  return (
    <div className="flex flex-wrap gap-2">
      <Button onClick={() => run(() => client.signOut({}))}>{t.settings.signOut}</Button>
      <Button onClick={() => setAsked("everywhere")}>{t.settings.signOutEverywhere}</Button>
      <Button tone="danger-quiet" onClick={() => setAsked("forget")}>
        {t.settings.forget}
      </Button>
      <ConfirmDialog
        open={asked !== "nothing"}
        danger={forget}
        busy={busy}
        title={forget ? t.settings.forgetTitle : t.settings.signOutEverywhereTitle}
        body={forget ? t.settings.forgetBody : t.settings.signOutEverywhereBody}
        confirmLabel={forget ? t.settings.forgetConfirm : t.settings.signOutEverywhere}
        cancelLabel={t.cancel}
        onConfirm={confirm}
        onCancel={() => setAsked("nothing")}
      />
    </div>
  );
}
