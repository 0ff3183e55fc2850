import { EmptyState } from "@rempart/ui";
import { Link, Outlet, useMatchRoute, useParams } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useRef } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useConversation, useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { counterpart } from "../names.ts";
import { useFocusReturn } from "../shell/use-focus-return.ts";
import { Composer } from "./composer.tsx";
import { ConversationHeader } from "./conversation-header.tsx";
import { TimelineView } from "./timeline.tsx";
import { TimelineSkeleton } from "./timeline-skeleton.tsx";

/** One conversation, and its details beside it where there is room or in its place where there is none. */
export function ConversationPane() {
  const { conversationId } = useParams({ from: "/c/$conversationId" });
  const conversation = useConversation(conversationId);
  const detailsOpen = useMatchRoute()({ to: "/c/$conversationId/details" }) !== false;
  const pane = useRef<HTMLDivElement>(null);
  useFocusReturn(pane, detailsOpen, "[data-details-link]");
  if (conversation === undefined) return <TimelineSkeleton />;
  if (conversation === null) return <Unknown />;
  return (
    <div className="flex min-w-0 flex-1">
      <div ref={pane} className={clsx("min-w-0 flex-1 flex-col", detailsOpen ? "hidden xl:flex" : "flex")}>
        <Conversation key={conversation.id} conversation={conversation} />
      </div>
      <Outlet />
    </div>
  );
}

function Conversation({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  return (
    <>
      <ConversationHeader conversation={conversation} />
      <TimelineView conversation={conversation} />
      {conversation.sync === "waiting" && <Waiting conversation={conversation} />}
      {conversation.active ? (
        <Composer conversation={conversation} />
      ) : (
        <p className="border-t border-line bg-surface px-5 py-4 text-center text-ink-soft">
          {t.conversation.inactive}
        </p>
      )}
    </>
  );
}

/** Said where one writes: the line under the title is cut short on a phone. */
function Waiting({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  const other = counterpart(conversation, useMe().id);
  return (
    <p role="status" className="border-t border-line bg-surface px-5 py-3 text-center text-ink-soft">
      {other === null ? t.conversation.waitsForAll : t.conversation.waitsFor(other.name)}
    </p>
  );
}

function Unknown() {
  const { t } = useI18n();
  return (
    <div className="masonry flex flex-1">
      <EmptyState
        title={t.pane.unknownTitle}
        body={t.pane.unknownBody}
        action={
          <Link to="/" className="font-semibold text-primary underline underline-offset-3">
            {t.pane.backToList}
          </Link>
        }
      />
    </div>
  );
}
