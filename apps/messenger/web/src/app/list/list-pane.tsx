import { Button, EmptyState, IconButton, Mark, SearchField, Skeleton } from "@rempart/ui";
import MessageSquarePlus from "lucide-react/icons/message-square-plus";
import Search from "lucide-react/icons/search";
import { type RefObject, useDeferredValue, useEffect, useMemo, useState } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useConversations, useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { conversationTitle } from "../names.ts";
import { AccountMenu } from "../shell/account-menu.tsx";
import { useAnnounce } from "../shell/announcer.tsx";
import { useShellActions } from "../shell/shell-actions.ts";
import { ConversationList } from "./conversation-list.tsx";
import { matches } from "./filter.ts";

/** The left pane: who I am, the search, and the conversations. */
export function ListPane({ searchRef }: { searchRef: RefObject<HTMLInputElement | null> }) {
  const { t } = useI18n();
  const all = useConversations();
  const [query, setQuery] = useState("");
  const found = useFound(all, useDeferredValue(query.trim()));
  const { openCompose } = useShellActions();
  return (
    <>
      <header className="flex items-center gap-1 ps-5 pe-3 pt-3">
        <Mark className="size-6 text-primary" />
        <h2 className="ms-2 flex-1 truncate text-lg font-semibold tracking-tight">{t.list.title}</h2>
        <IconButton
          label={t.list.start}
          shortcut={`${t.shortcuts.keyAlt} N`}
          icon={<MessageSquarePlus size={20} />}
          onClick={openCompose}
        />
        <AccountMenu />
      </header>
      <div className="px-4 pt-2 pb-3">
        <SearchField
          ref={searchRef}
          label={t.list.search}
          placeholder={t.list.search}
          icon={<Search size={17} />}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setQuery("");
          }}
        />
      </div>
      <ListBody all={all} found={found} query={query.trim()} onClear={() => setQuery("")} />
    </>
  );
}

function useFound(all: readonly ConversationView[] | null, query: string) {
  const { t, format } = useI18n();
  const announce = useAnnounce();
  const me = useMe();
  const found = useMemo(() => {
    if (all === null || query === "") return all;
    return all.filter((each) =>
      matches({ title: conversationTitle(each, me.id, t, format), members: each.members }, query),
    );
  }, [all, query, me.id, t, format]);
  const count = found?.length ?? 0;
  useEffect(() => {
    if (query !== "") announce(t.list.found(count));
  }, [query, count, announce, t]);
  return found;
}

interface ListBodyProps {
  all: readonly ConversationView[] | null;
  found: readonly ConversationView[] | null;
  query: string;
  onClear: () => void;
}

function ListBody({ all, found, query, onClear }: ListBodyProps) {
  const { t } = useI18n();
  const { openCompose } = useShellActions();
  if (all === null || found === null) return <ListSkeleton />;
  if (all.length === 0) {
    return (
      <EmptyState
        title={t.list.emptyTitle}
        body={t.list.emptyBody}
        action={
          <Button tone="primary" onClick={openCompose}>
            {t.list.emptyAction}
          </Button>
        }
      />
    );
  }
  if (found.length === 0) {
    return (
      <EmptyState
        title={t.list.nothingFound(query)}
        action={<Button onClick={onClear}>{t.list.clearSearch}</Button>}
      />
    );
  }
  return <ConversationList conversations={found} />;
}

const SKELETON_WIDTHS = ["w-3/5", "w-2/5", "w-1/2", "w-2/3", "w-1/3", "w-1/4", "w-3/4"] as const;

function ListSkeleton() {
  const { t } = useI18n();
  return (
    <div role="status" className="flex flex-col gap-1 px-5">
      <span className="sr-only">{t.loading}</span>
      {SKELETON_WIDTHS.map((width) => (
        <div key={width} className="flex min-h-17 items-center gap-3">
          <Skeleton className="size-11 rounded-full" />
          <div className="flex flex-1 flex-col gap-2">
            <Skeleton className={`h-3.5 ${width}`} />
            <Skeleton className="h-3 w-4/5" />
          </div>
        </div>
      ))}
    </div>
  );
}
