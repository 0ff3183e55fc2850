import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "./en.ts";
import { calendarDaysBetween, formatIn } from "./format.ts";
import { fr } from "./fr.ts";

const at = (day: number, hour: number, minute = 0) => new Date(2026, 2, day, hour, minute).getTime();
const british = formatIn("en-GB", en);
const french = formatIn("fr-FR", fr);

test("days are counted by the calendar, not by hours, across a change of the clocks too", () => {
  assert.equal(calendarDaysBetween(at(10, 23, 59), at(11, 0, 1)), 1);
  assert.equal(calendarDaysBetween(at(10, 0), at(10, 23)), 0);
  assert.equal(calendarDaysBetween(at(28, 12), at(30, 12)), 2);
});

test("the list says the time today, then yesterday, the weekday, the date", () => {
  const now = at(20, 12);
  assert.equal(british.short(at(20, 9, 5), now), "9:05");
  assert.equal(british.short(at(19, 9), now), "Yesterday");
  assert.equal(british.short(at(17, 9), now), "Tue");
  assert.equal(british.short(at(2, 9), now), "2 Mar");
  assert.equal(french.short(at(19, 9), now), "Hier");
});

test("a day's heading is capitalised and has its year when it is another one", () => {
  assert.equal(french.day(at(17, 9), at(20, 12)), "Mardi 17 mars");
  assert.match(british.day(new Date(2024, 2, 17).getTime(), at(20, 12)), /2024/);
});

test("names are joined as the language does", () => {
  assert.equal(british.list(["Ada", "Ben", "Chloé"]), "Ada, Ben and Chloé");
  assert.equal(french.list(["Ada", "Ben"]), "Ada et Ben");
});
