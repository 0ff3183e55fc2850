import { Button, ConfirmDialog } from "@rempart/ui";
import ShieldX from "lucide-react/icons/shield-x";
import Smartphone from "lucide-react/icons/smartphone";
import type { ReactNode } from "react";
import { useState } from "react";
import type { KeyAlert } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { useNow } from "../use-now.ts";

export default function KeyAlertBanners({ alerts }: { alerts: readonly KeyAlert[] }) {
  return alerts.map((alert) =>
    alert.type === "new-device" ? (
      <NewDevice key={alert.deviceId} alert={alert} />
    ) : (
      <Untrusted key={alert.type} alert={alert} />
    ),
  );
}

function NewDevice({ alert }: { alert: Extract<KeyAlert, { type: "new-device" }> }) {
  const { t, format } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const { deviceId, name, addedAt } = alert;
  const now = useNow();
  return (
    <Banner
      tone="bg-warning-soft text-on-warning-soft"
      icon={<Smartphone size={18} aria-hidden="true" />}
      title={t.keyAlerts.newTitle}
      body={t.keyAlerts.newBody(name ?? t.keyAlerts.unnamed, format.ago(addedAt, now))}
    >
      <Button size="sm" disabled={busy} onClick={() => void run(() => client.acknowledgeDevice(deviceId))}>
        {t.keyAlerts.mine}
      </Button>
      <Button
        size="sm"
        tone="danger"
        disabled={busy}
        onClick={() => void run(() => client.revokeDevice(deviceId))}
      >
        {t.keyAlerts.remove}
      </Button>
    </Banner>
  );
}

function Untrusted({ alert }: { alert: Extract<KeyAlert, { type: "log-untrusted" }> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [asking, setAsking] = useState(false);

  async function trust() {
    await run(() => client.trustKeyLog());
    setAsking(false);
  }

  return (
    <Banner
      tone="bg-danger-soft text-on-danger-soft"
      icon={<ShieldX size={18} aria-hidden="true" />}
      title={t.keyAlerts.untrustedTitle}
      body={`${t.keyAlerts.untrusted[alert.reason]} ${t.keyAlerts.untrustedBody}`}
    >
      <Button size="sm" tone="danger-quiet" onClick={() => setAsking(true)}>
        {t.keyAlerts.trust}
      </Button>
      {asking && (
        <ConfirmDialog
          open
          danger
          busy={busy}
          title={t.keyAlerts.trustTitle}
          body={t.keyAlerts.trustBody}
          confirmLabel={t.keyAlerts.trustConfirm}
          cancelLabel={t.cancel}
          onConfirm={() => void trust()}
          onCancel={() => setAsking(false)}
        />
      )}
    </Banner>
  );
}

interface BannerProps {
  readonly tone: string;
  readonly icon: ReactNode;
  readonly title: string;
  readonly body: string;
  readonly children: ReactNode;
}

function Banner({ tone, icon, title, body, children }: BannerProps) {
  return (
    <section
      role="alert"
      aria-label={title}
      className={`flex flex-wrap items-center justify-center gap-x-4 gap-y-2 px-4 py-2 text-sm ${tone}`}
    >
      <span className="flex max-w-prose items-start gap-2.5">
        <span className="mt-0.5 shrink-0">{icon}</span>
        <span>
          <strong className="block font-semibold">{title}</strong>
          {body}
        </span>
      </span>
      <span className="flex flex-wrap gap-2">{children}</span>
    </section>
  );
}
