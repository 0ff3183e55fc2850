import { Button, Mark, Spinner } from "@rempart/ui";
import type { ReactNode } from "react";
import type { FailureCode } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";

export function Starting() {
  const { t } = useI18n();
  return (
    <Centred>
      <div role="status" className="flex flex-col items-center gap-5">
        <Mark className="size-14 text-primary" />
        <h1 className="sr-only">{t.productName}</h1>
        <p className="flex items-center gap-2.5 text-ink-soft">
          <Spinner />
          {t.door.starting}
        </p>
      </div>
    </Centred>
  );
}

export function Elsewhere() {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  return (
    <Centred>
      <Stand title={t.door.elsewhereTitle} body={t.door.elsewhereBody}>
        <Button tone="primary" busy={busy} onClick={() => run(() => client.takeOver())}>
          {t.door.useHere}
        </Button>
      </Stand>
    </Centred>
  );
}

export function Failed({ code }: { code: FailureCode }) {
  const { t } = useI18n();
  return (
    <Centred>
      <Stand title={t.door.failedTitle} body={t.failures[code]}>
        <Button tone="primary" onClick={() => location.reload()}>
          {t.door.reload}
        </Button>
      </Stand>
    </Centred>
  );
}

function Centred({ children }: { children: ReactNode }) {
  return <main className="grid h-full place-items-center overflow-y-auto bg-canvas p-6">{children}</main>;
}

function Stand({ title, body, children }: { title: string; body: string; children: ReactNode }) {
  return (
    <div className="flex max-w-sm flex-col items-center gap-3 text-center">
      <Mark className="mb-3 size-14 text-primary" />
      <h1 className="text-xl font-semibold text-balance">{title}</h1>
      <p className="text-balance text-ink-soft">{body}</p>
      <div className="mt-3">{children}</div>
    </div>
  );
}
