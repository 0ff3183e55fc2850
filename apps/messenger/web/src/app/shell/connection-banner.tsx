import { Spinner } from "@rempart/ui";
import CloudOff from "lucide-react/icons/cloud-off";
import { useEffect, useRef, useState } from "react";
import type { Connection } from "../../client/api.ts";
import { useClient, useStore } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { useNow } from "../use-now.ts";
import { useAnnounce } from "./announcer.tsx";

/** A connection that is made at once is not worth a banner. */
const CONNECTING_PATIENCE_MS = 1500;

export function ConnectionBanner() {
  const connection = useStore(useClient().connection);
  useAnnouncedReturn(connection);
  const patient = usePatience(connection.status === "connecting");
  if (connection.status === "offline") return <OfflineBanner retryAt={connection.retryAt} />;
  if (connection.status === "connecting" && !patient) return <ConnectingBanner />;
  return null;
}

function usePatience(waiting: boolean): boolean {
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    if (!waiting) return setPatient(true);
    const timer = setTimeout(() => setPatient(false), CONNECTING_PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return patient;
}

function useAnnouncedReturn({ status }: Connection): void {
  const { t } = useI18n();
  const announce = useAnnounce();
  const wasOffline = useRef(false);
  useEffect(() => {
    if (status === "offline" && !wasOffline.current) announce(t.connection.offline);
    if (status === "online" && wasOffline.current) announce(t.connection.back);
    if (status !== "connecting") wasOffline.current = status === "offline";
  }, [status, announce, t]);
}

function ConnectingBanner() {
  const { t } = useI18n();
  return (
    <div className="flex items-center justify-center gap-2 bg-primary-soft px-4 py-1.5 text-sm text-on-primary-soft">
      <Spinner />
      {t.connection.connecting}
    </div>
  );
}

function OfflineBanner({ retryAt }: { retryAt: number | null }) {
  const { t } = useI18n();
  const client = useClient();
  const now = useNow(1000);
  const seconds = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <section
      aria-label={t.connection.offline}
      className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1 bg-warning-soft px-4 py-1.5 text-sm text-on-warning-soft"
    >
      <CloudOff size={16} aria-hidden="true" className="shrink-0" />
      <span>{t.connection.offline}</span>
      {seconds !== null && <span className="tabular-nums opacity-85">{t.connection.retryIn(seconds)}</span>}
      <button
        type="button"
        onClick={() => client.reconnect()}
        className="min-h-7 rounded-sm px-2 font-semibold underline underline-offset-3 hover:no-underline"
      >
        {t.connection.retryNow}
      </button>
    </section>
  );
}
