import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMute, isActive, type Mute, type MuteRequest } from "./mutes.ts";

const MINUTE = 60_000;

function muteAt(when: Mute["when"]): Mute {
  return { id: "m", kind: "maintenance", where: {}, author: "", reason: "", when, createdAt: 0 };
}

test("a weekly window is by the clocks on the wall, through both changes of the year, and over the end of the week", () => {
  const window = muteAt({
    kind: "weekly",
    weekday: 6,
    startMinute: 23 * 60 + 30,
    minutes: 60,
    timeZone: "Europe/Paris",
  });
  const cases = [
    ["2026-01-31T22:29:00Z", false],
    ["2026-01-31T22:30:00Z", true],
    ["2026-01-31T23:29:59Z", true],
    ["2026-01-31T23:30:00Z", false],
    ["2026-07-25T21:30:00Z", true],
    ["2026-07-25T22:29:00Z", true],
    ["2026-07-25T22:30:00Z", false],
    ["2026-07-26T21:45:00Z", false],
  ] as const;
  for (const [time, expected] of cases) assert.equal(isActive(window, Date.parse(time)), expected, time);
});

test("every week has as many minutes in the window as it says", () => {
  const window = muteAt({
    kind: "weekly",
    weekday: 3,
    startMinute: 100,
    minutes: 77,
    timeZone: "Asia/Kathmandu",
  });
  const start = Date.parse("2026-05-01T00:00:00Z");
  const minutes = Array.from({ length: 7 * 24 * 60 }, (_, index) => isActive(window, start + index * MINUTE));
  assert.equal(minutes.filter(Boolean).length, 77);
});

test("one without a condition, an author, a reason or an end, or that no store could keep, is refused", () => {
  const good: MuteRequest = {
    kind: "silence",
    where: { alertname: "Down", instance: { startsWith: "" } },
    author: "ada",
    reason: "work",
    when: { kind: "once", from: 0, to: 1 },
  };
  checkMute(good);
  const weekly = { kind: "weekly", weekday: 0, startMinute: 0, minutes: 1, timeZone: "UTC" } as const;
  checkMute({ ...good, when: weekly });
  const wrong: Partial<MuteRequest>[] = [
    { where: {} },
    { author: " " },
    { reason: "" },
    { reason: "x".repeat(1_001) },
    { reason: "a\0b" },
    { where: { alertname: "\ud800" } },
    { where: { "a\0": "b" } },
    { where: { alertname: { oneOf: ["a", "b\0"] } } },
    { where: { alertname: { oneOf: Array.from({ length: 1_000 }, () => "a long enough name") } } },
    { when: { kind: "once", from: 1, to: 1 } },
    { when: { kind: "once", from: 0, to: Number.POSITIVE_INFINITY } },
    { when: { kind: "once", from: 0, to: 8.64e15 + 1 } },
    { when: { ...weekly, minutes: 0 } },
    { when: { ...weekly, minutes: 7 * 24 * 60 } },
    { when: { ...weekly, startMinute: 1_440 } },
    { when: { ...weekly, timeZone: "Nowhere/Land" } },
  ];
  for (const change of wrong)
    assert.throws(() => checkMute({ ...good, ...change }), TypeError, JSON.stringify(change));
});
