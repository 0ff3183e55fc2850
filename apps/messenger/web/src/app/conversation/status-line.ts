import type { ConversationView } from "../../client/api.ts";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import type { Catalogue } from "../i18n/en.ts";
import type { Format } from "../i18n/format.ts";
import { counterpart } from "../names.ts";

/** More people than this are not named one by one. */
const NAMED_TYPISTS = 3;

function typingText(names: readonly string[], t: Catalogue, format: Format): string {
  if (names.length > NAMED_TYPISTS) return t.conversation.typingMany;
  return t.conversation.typing(format.list(names), names.length);
}

const SYNC_TEXTS = {
  joining: "syncJoining",
  "catching-up": "syncCatchingUp",
  recovering: "syncRecovering",
  waiting: "syncWaiting",
} as const;

/** The line under a conversation's title: what is happening, else who is there. */
export function useStatusLine(conversation: ConversationView): { text: string; lively: boolean } {
  const { t, format } = useI18n();
  const me = useMe();
  if (!conversation.active) return { text: t.list.left, lively: false };
  if (conversation.sync !== "ready")
    return { text: t.conversation[SYNC_TEXTS[conversation.sync]], lively: true };
  if (conversation.typing.length > 0) {
    const names = conversation.typing.map((person) => person.name);
    return { text: typingText(names, t, format), lively: true };
  }
  const other = counterpart(conversation, me.id);
  if (other) return { text: other.online ? t.conversation.online : t.conversation.offline, lively: false };
  return { text: t.conversation.members(conversation.members.length), lively: false };
}
