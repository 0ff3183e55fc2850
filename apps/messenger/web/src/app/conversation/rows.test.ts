import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineItem } from "../../client/api.ts";
import { lastSeq, othersAfter, type Row, timelineRows } from "./rows.ts";

const NOON = new Date(2026, 4, 12, 12).getTime();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function text(id: string, sender: string, at: number, seq: number | null = 1): TimelineItem {
  const mine = sender === "me";
  const shared = { id, seq, at, sender: { id: sender, name: sender }, mine, failure: null } as const;
  return { ...shared, kind: "text", text: id, delivery: mine ? "sent" : null };
}

const notice: TimelineItem = {
  id: "n",
  seq: 3,
  at: NOON,
  kind: "notice",
  notice: { type: "left", person: { id: "x", name: "X" } },
};

const all = { hasOlder: false, readUpTo: null };

function blocks(rows: readonly Row[]): string {
  return rows
    .map((row) =>
      row.type === "item" ? `${row.first ? "[" : ""}${row.key}${row.last ? "]" : ""}` : row.type,
    )
    .join(" ");
}

test("messages of one sender within five minutes stand as one block", () => {
  const items = [
    text("a", "ada", NOON),
    text("b", "ada", NOON + MINUTE),
    text("c", "ben", NOON + 2 * MINUTE),
    text("d", "ben", NOON + 20 * MINUTE),
  ];
  assert.equal(blocks(timelineRows(items, all)), "beginning day [a b] [c] [d]");
});

test("a notice ends a block, and so does midnight", () => {
  const late = new Date(2026, 4, 12, 23, 59).getTime();
  const items = [
    text("a", "ada", NOON),
    notice,
    text("b", "ada", NOON),
    text("c", "ada", late),
    text("d", "ada", late + MINUTE),
  ];
  assert.equal(blocks(timelineRows(items, all)), "beginning day [a] [n] [b] [c] day [d]");
});

test("each day has its divider, by the reader's calendar", () => {
  const items = [text("a", "ada", NOON - 2 * DAY), text("b", "ada", NOON - DAY), text("c", "ada", NOON)];
  assert.equal(timelineRows(items, all).filter((row) => row.type === "day").length, 3);
});

test("the unread divider stands before the first unread message of others, and splits its block", () => {
  const items = [text("a", "ada", NOON, 1), text("b", "ada", NOON, 2), text("c", "ada", NOON, 3)];
  assert.equal(
    blocks(timelineRows(items, { hasOlder: false, readUpTo: 1 })),
    "beginning day [a] unread [b c]",
  );
  const mine = [text("a", "ada", NOON, 1), text("b", "me", NOON, 2)];
  assert.equal(blocks(timelineRows(mine, { hasOlder: false, readUpTo: 1 })), "beginning day [a] [b]");
});

test("while older messages exist the top says so", () => {
  assert.equal(timelineRows([], { hasOlder: true, readUpTo: null })[0]?.type, "older");
});

test("keys are unique and stay the same when older messages come in above", () => {
  const items = Array.from({ length: 200 }, (_, n) =>
    text(`m${n}`, n % 3 ? "ada" : "me", NOON + n * 40 * MINUTE, n),
  );
  const few = timelineRows(items.slice(100), all);
  const many = timelineRows(items, all);
  assert.equal(new Set(many.map((row) => row.key)).size, many.length);
  const keys = new Set(many.map((row) => row.key));
  for (const row of few) if (row.type === "item") assert.ok(keys.has(row.key));
});

test("what came in since is counted without one's own and without notices", () => {
  const items = [text("a", "ada", NOON), text("b", "me", NOON), notice, text("c", "ben", NOON)];
  assert.equal(othersAfter(items, "a"), 1);
  assert.equal(othersAfter(items, "gone"), 0);
  assert.equal(othersAfter(items, null), 0);
});

test("the last position skips what is not acknowledged", () => {
  assert.equal(lastSeq([text("a", "ada", NOON, 7), text("b", "me", NOON, null)]), 7);
  assert.equal(lastSeq([]), 0);
});
