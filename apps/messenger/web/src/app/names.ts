import type { ConversationView, Notice, Person, TimelineItem } from "../client/api.ts";
import type { Catalogue } from "./i18n/en.ts";
import type { Format } from "./i18n/format.ts";

/** How many members stand in for a group's missing title. */
const NAMES_FOR_TITLE = 3;

/** What a conversation is called: its title, or else who is in it. */
export function conversationTitle(
  conversation: ConversationView,
  me: string,
  t: Catalogue,
  format: Format,
): string {
  if (conversation.title !== null) return conversation.title;
  const others = conversation.members.filter((member) => member.id !== me).map((member) => member.name);
  if (others.length === 0) return t.conversation.untitled;
  return format.list(others.slice(0, NAMES_FOR_TITLE));
}

/** The other person of a direct conversation; null in a group, or when they are gone. */
export function counterpart(conversation: ConversationView, me: string) {
  if (conversation.kind === "group") return null;
  return conversation.members.find((member) => member.id !== me) ?? null;
}

/** The id an avatar's tone comes from: the person's, so that they look alike everywhere. */
export function avatarId(conversation: ConversationView, me: string): string {
  return counterpart(conversation, me)?.id ?? conversation.id;
}

/** A notice as a sentence, from the reader's side. */
export function noticeText(notice: Notice, me: string, t: Catalogue, format: Format): string {
  const people = (list: readonly Person[]) =>
    format.list(list.map((person) => (person.id === me ? t.notice.youObject : person.name)));
  switch (notice.type) {
    case "created":
      return notice.by.id === me ? t.notice.createdByYou : t.notice.created(notice.by.name);
    case "added":
      return notice.by.id === me
        ? t.notice.addedByYou(people(notice.people))
        : t.notice.added(notice.by.name, people(notice.people));
    case "removed":
      return notice.by.id === me
        ? t.notice.removedByYou(people(notice.people))
        : t.notice.removed(notice.by.name, people(notice.people));
    case "left":
      return notice.person.id === me ? t.notice.leftYou : t.notice.left(notice.person.name);
    case "renamed":
      return notice.by.id === me
        ? t.notice.renamedByYou(notice.title)
        : t.notice.renamed(notice.by.name, notice.title);
    case "role":
      return notice.person.id === me
        ? t.notice.roleYou(t.roleAs[notice.role])
        : t.notice.role(notice.person.name, t.roleAs[notice.role]);
    case "devices-changed":
      return notice.person.id === me ? t.notice.devicesYou : t.notice.devices(notice.person.name);
    case "rejoined":
      return notice.person.id === me ? t.notice.rejoinedYou : t.notice.rejoined(notice.person.name);
  }
}

/** The line under a title in the list. */
export function previewText(
  item: TimelineItem | null,
  conversation: ConversationView,
  me: string,
  t: Catalogue,
  format: Format,
): string {
  if (item === null) return t.list.noMessages;
  if (item.kind === "notice") return noticeText(item.notice, me, t, format);
  if (item.kind === "undecryptable") return t.undecryptable.title;
  const text = item.text.replace(/\s+/gu, " ");
  if (item.mine) return `${t.list.mine} ${text}`;
  return conversation.kind === "group" ? `${item.sender.name}${t.listColon} ${text}` : text;
}
