import { Button, EmptyState, Mark } from "@rempart/ui";
import { useConversations } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { useShellActions } from "./shell-actions.ts";

/** What stands where a conversation will. With no conversation at all, the list beside it says what to do. */
export function EmptyPane() {
  const { t } = useI18n();
  const { openCompose } = useShellActions();
  const any = (useConversations()?.length ?? 0) > 0;
  return (
    <div className="masonry flex flex-1">
      <EmptyState
        icon={<Mark className="size-16 opacity-35" />}
        title={any ? t.pane.emptyTitle : t.door.promise}
        body={t.pane.emptyBody}
        {...(any && { action: <Button onClick={openCompose}>{t.list.start}</Button> })}
      />
    </div>
  );
}
