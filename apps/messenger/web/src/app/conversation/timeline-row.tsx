import type { ConversationView } from "../../client/api.ts";
import { Beginning, DayDivider, NoticeRow, UnreadDivider } from "./dividers.tsx";
import { Message, Undecryptable } from "./message.tsx";
import type { Row } from "./rows.ts";

interface TimelineRowProps {
  row: Row;
  conversation: ConversationView;
  now: number;
}

export function TimelineRow({ row, conversation, now }: TimelineRowProps) {
  switch (row.type) {
    case "beginning":
      return <Beginning />;
    case "day":
      return <DayDivider at={row.at} now={now} />;
    case "unread":
      return <UnreadDivider />;
    case "item":
      return <ItemRow row={row} conversation={conversation} />;
  }
}

function ItemRow({
  row,
  conversation,
}: {
  row: Extract<Row, { type: "item" }>;
  conversation: ConversationView;
}) {
  const { item, first, last } = row;
  const block = { first, last, group: conversation.kind === "group" };
  switch (item.kind) {
    case "text":
      return <Message item={item} conversationId={conversation.id} {...block} />;
    case "undecryptable":
      return <Undecryptable item={item} {...block} />;
    case "notice":
      return <NoticeRow notice={item.notice} />;
  }
}
