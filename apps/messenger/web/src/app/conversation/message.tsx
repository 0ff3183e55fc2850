import { Avatar, toneInkClass } from "@rempart/ui";
import { clsx } from "clsx";
import ShieldAlert from "lucide-react/icons/shield-alert";
import { memo, type ReactNode } from "react";
import type { TimelineItem } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { isFewEmoji, piecesOf } from "./links.ts";
import { Ticks } from "./ticks.tsx";

type TextItem = Extract<TimelineItem, { kind: "text" }>;
type UndecryptableItem = Extract<TimelineItem, { kind: "undecryptable" }>;

interface BlockProps {
  first: boolean;
  last: boolean;
  /** In a group one must see who speaks. */
  group: boolean;
}

interface MessageProps extends BlockProps {
  item: TextItem;
  conversationId: string;
}

export const Message = memo(function Message({ item, conversationId, first, last, group }: MessageProps) {
  return (
    <MessageFrame item={item} mine={item.mine} first={first} last={last} group={group}>
      <Bubble item={item} first={first} last={last} />
      {item.delivery === "failed" && <FailedActions item={item} conversationId={conversationId} />}
    </MessageFrame>
  );
});

export const Undecryptable = memo(function Undecryptable({
  item,
  first,
  last,
  group,
}: BlockProps & { item: UndecryptableItem }) {
  const { t } = useI18n();
  return (
    <MessageFrame item={item} mine={false} first={first} last={last} group={group}>
      <div className="flex max-w-md gap-2.5 rounded-lg border border-dashed border-line-strong px-3.5 py-2.5 text-sm text-ink-soft">
        <ShieldAlert size={18} aria-hidden="true" className="mt-0.5 shrink-0" />
        <p>
          <span className="block font-semibold">{t.undecryptable.title}</span>
          {t.undecryptable[item.reason]}
        </p>
      </div>
    </MessageFrame>
  );
});

interface FrameProps extends BlockProps {
  item: TextItem | UndecryptableItem;
  mine: boolean;
  children: ReactNode;
}

/** Side, indentation and the sender's name and face: the same for all that people write. */
function MessageFrame({ item, mine, first, last, group, children }: FrameProps) {
  const { t, format } = useI18n();
  const named = group && !mine;
  const sender = mine ? t.conversation.sentByYou : item.sender.name;
  return (
    <div className={clsx("flex gap-2.5 px-4 sm:px-6", mine && "justify-end", first ? "pt-3" : "pt-0.5")}>
      {named && (
        <div className="w-9 shrink-0 self-end">
          {last && <Avatar id={item.sender.id} name={item.sender.name} size="sm" />}
        </div>
      )}
      <div
        className={clsx("flex min-w-0 max-w-[min(38rem,84%)] flex-col", mine ? "items-end" : "items-start")}
      >
        <span className="sr-only">{`${sender}, ${format.time(item.at)}: `}</span>
        {named && first && (
          <span
            aria-hidden="true"
            className={clsx("mb-1 ms-3 text-sm font-semibold", toneInkClass(item.sender.id))}
          >
            {item.sender.name}
          </span>
        )}
        {children}
      </div>
    </div>
  );
}

function Bubble({ item, first, last }: { item: TextItem; first: boolean; last: boolean }) {
  const big = isFewEmoji(item.text);
  const shape = item.mine
    ? clsx(
        "rounded-s-xl",
        first ? "rounded-se-xl" : "rounded-se-sm",
        last ? "rounded-ee-md" : "rounded-ee-sm",
      )
    : clsx(
        "rounded-e-xl",
        first ? "rounded-ss-xl" : "rounded-ss-sm",
        last ? "rounded-es-md" : "rounded-es-sm",
      );
  return (
    <div className={clsx("max-w-full px-3.5 py-2 wrap-anywhere whitespace-pre-wrap", shape, groundOf(item))}>
      {big ? <span className="text-3xl leading-tight">{item.text}</span> : <MessageText text={item.text} />}
      <Stamp item={item} last={last} />
    </div>
  );
}

function groundOf({ mine, delivery }: TextItem): string {
  if (delivery === "failed") return "bg-danger-soft text-on-danger-soft";
  return mine ? "bg-mine text-on-mine" : "bg-raised text-ink shadow-low";
}

function MessageText({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) =>
    piece.href === undefined ? (
      piece.text
    ) : (
      <a
        // biome-ignore lint/suspicious/noArrayIndexKey: a message's pieces never move
        key={index}
        href={piece.href}
        target="_blank"
        rel="noopener noreferrer"
        className="underline underline-offset-3 hover:no-underline"
      >
        {piece.text}
      </a>
    ),
  );
}

const SETTLED: ReadonlySet<TextItem["delivery"]> = new Set(["sent", "delivered", "read", null]);

/** The time and the ticks, on the last message of a block and on every one that is not settled. */
function Stamp({ item, last }: { item: TextItem; last: boolean }) {
  const { format } = useI18n();
  if (!last && SETTLED.has(item.delivery)) return null;
  return (
    <span
      className={clsx(
        "float-end ms-3 mt-1.5 -mb-0.5 inline-flex items-center gap-1 text-xs tabular-nums",
        item.delivery === "failed" ? "" : item.mine ? "text-on-mine-soft" : "text-ink-faint",
      )}
    >
      <time dateTime={new Date(item.at).toISOString()} title={format.full(item.at)} aria-hidden="true">
        {format.time(item.at)}
      </time>
      {item.delivery && <Ticks state={item.delivery} onMine />}
    </span>
  );
}

function FailedActions({ item, conversationId }: { item: TextItem; conversationId: string }) {
  const { t } = useI18n();
  const client = useClient();
  const { run } = useCommand();
  const button = "min-h-7 rounded-sm px-1.5 font-semibold underline underline-offset-3 hover:no-underline";
  return (
    <div className="mt-1 flex flex-wrap items-center justify-end gap-x-2 text-sm text-danger">
      <span>{item.failure ? t.failures[item.failure] : t.conversation.delivery.failed}</span>
      <span className="flex gap-1">
        <button
          type="button"
          className={button}
          onClick={() => run(() => client.retry(conversationId, item.id))}
        >
          {t.conversation.resend}
        </button>
        <button
          type="button"
          className={button}
          onClick={() => run(() => client.discard(conversationId, item.id))}
        >
          {t.conversation.discard}
        </button>
      </span>
    </div>
  );
}
