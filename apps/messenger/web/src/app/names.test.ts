import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversationView, MemberView, Notice, TimelineItem } from "../client/api.ts";
import { en } from "./i18n/en.ts";
import { formatIn } from "./i18n/format.ts";
import { conversationTitle, noticeText, previewText } from "./names.ts";

const format = formatIn("en-GB", en);
const member = (id: string): MemberView => ({
  id,
  name: id,
  role: "member",
  online: false,
  read: 0,
  delivered: 0,
});
const ada = { id: "ada", name: "Ada" };

const group: ConversationView = {
  id: "c",
  kind: "group",
  title: null,
  members: ["me", "Ada", "Ben", "Chloé", "Dan"].map(member),
  myRole: "member",
  active: true,
  postQuantum: true,
  unread: 0,
  draft: "",
  lastActivityAt: 0,
  preview: null,
  typing: [],
  sync: "ready",
};

test("a group without a title yet is called by its first members", () => {
  assert.equal(conversationTitle(group, "me", en, format), "Ada, Ben and Chloé");
  assert.equal(
    conversationTitle({ ...group, members: [member("me")] }, "me", en, format),
    en.conversation.untitled,
  );
  assert.equal(conversationTitle({ ...group, title: "Tea" }, "me", en, format), "Tea");
});

test("a notice speaks to its reader", () => {
  const added: Notice = {
    type: "added",
    by: ada,
    people: [
      { id: "me", name: "Me" },
      { id: "ben", name: "Ben" },
    ],
  };
  assert.equal(noticeText(added, "me", en, format), "Ada added you and Ben");
  assert.equal(noticeText({ type: "left", person: ada }, "ada", en, format), "You left");
});

test("a preview is one line that says who spoke", () => {
  const placed = { id: "m", seq: 1, at: 0, failure: null };
  const theirs: TimelineItem = {
    ...placed,
    kind: "text",
    sender: ada,
    mine: false,
    text: "Line one\n two",
    delivery: null,
  };
  assert.equal(previewText(theirs, group, "me", en, format), "Ada: Line one two");
  assert.equal(previewText(theirs, { ...group, kind: "direct" }, "me", en, format), "Line one two");
  assert.equal(
    previewText({ ...theirs, mine: true, delivery: "sent" }, group, "me", en, format),
    "You: Line one two",
  );
  assert.equal(previewText(null, group, "me", en, format), en.list.noMessages);
});
