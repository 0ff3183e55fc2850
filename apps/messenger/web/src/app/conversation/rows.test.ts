import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineItem } from "../../client/api.ts";
import { lastSeq, othersAfter, type Row, timelineRows, unreadAbove } from "./rows.ts";

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

test("where the unread ones begin is not said before it is known", () => {
  const items = [text("a", "ada", NOON, 7), text("b", "ada", NOON, 8)];
  const options = { hasOlder: true, readUpTo: 3 };
  assert.ok(unreadAbove(items, options));
  assert.equal(blocks(timelineRows(items, options)), "b]");
  const more = [text("z", "ada", NOON, 3), ...items];
  assert.ok(!unreadAbove(more, options));
  assert.equal(blocks(timelineRows(more, options)), "unread [a b]");
});

test("what comes in above changes no row that was there, wherever a page begins", () => {
  const items = Array.from({ length: 60 }, (_, n) =>
    text(`m${n}`, n % 7 < 4 ? "ada" : "ben", NOON + n * MINUTE + Math.floor(n / 9) * (DAY / 4), n),
  );
  for (const readUpTo of [null, -1, 17, 58]) {
    const whole = timelineRows(items, { hasOlder: false, readUpTo });
    assert.equal(new Set(whole.map((row) => row.key)).size, whole.length);
    for (let from = 0; from < items.length; from += 1) {
      const part = timelineRows(items.slice(from), { hasOlder: true, readUpTo });
      assert.deepEqual(part, part.length === 0 ? [] : whole.slice(-part.length));
    }
  }
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
