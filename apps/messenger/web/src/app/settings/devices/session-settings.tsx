import type { Session } from "@rempart/messaging/contract";
import { Badge, Button, ListRow } from "@rempart/ui";
import Globe from "lucide-react/icons/globe";
import { useCallback } from "react";
import { useClient } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useNow } from "../../use-now.ts";
import { useRemote } from "../../use-remote.ts";
import { ConfirmButton } from "../confirm-button.tsx";
import { RemoteList } from "../remote-list.tsx";
import { browserName } from "./browser-name.ts";
import { provedBy } from "./proved-by.ts";

export function SessionSettings() {
  const client = useClient();
  const { run } = useCommand();
  const [sessions, reload] = useRemote(useCallback(() => client.sessions(), [client]));
  async function end(session: Session) {
    if (await run(() => client.revokeSession(session.id))) await reload();
  }
  const others = sessions.state === "loaded" && sessions.value.some(({ current }) => !current);
  return (
    <>
      <RemoteList remote={sessions} onRetry={reload}>
        {(session) => <SessionRow key={session.id} session={session} onEnd={() => void end(session)} />}
      </RemoteList>
      {others && <EndOthers onEnded={reload} />}
    </>
  );
}

function EndOthers({ onEnded }: { onEnded: () => Promise<void> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  async function end() {
    await run(() => client.revokeOtherSessions());
    await onEnded();
  }
  return (
    <ConfirmButton
      tone="danger-quiet"
      busy={busy}
      className="mt-3"
      label={t.settings.endOthers}
      title={t.settings.endOthersTitle}
      body={t.settings.endOthersBody}
      onConfirm={end}
    />
  );
}

function SessionRow({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const { t, format } = useI18n();
  const now = useNow();
  const name = browserName(session.userAgent) ?? t.settings.unknownBrowser;
  return (
    <li>
      <ListRow
        leading={<Globe size={20} aria-hidden="true" className="shrink-0 text-ink-faint" />}
        title={name}
        detail={
          <>
            <span className="block">{t.settings.provedBy[provedBy(session.amr)]}</span>
            {session.address} · {t.settings.lastUsed(format.ago(session.lastUsedAt, now))}
          </>
        }
        trailing={
          session.current ? (
            <Badge tone="success">{t.settings.thisSession}</Badge>
          ) : (
            <Button size="sm" aria-label={t.settings.endSessionLabel(name)} onClick={onEnd}>
              {t.settings.endSession}
            </Button>
          )
        }
      />
    </li>
  );
}
