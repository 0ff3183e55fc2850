import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { InvalidArgumentError } from "commander";
import { httpAddress } from "./address.ts";
import { wholeNumber } from "./number.ts";
import { dayOrInstant, duration, instant, past } from "./time.ts";

const MINUTE = 60_000;

test("a number is whole and within its bounds", () => {
  assert.deepEqual(["0", "8"].map(wholeNumber(0, 8)), [0, 8]);
  for (const wrong of ["", "-1", "9", "1.5", "1e1", "0x1", " 1", "1 ", "one", "99999999999999999999"])
    refuses(wholeNumber(0, 8), wrong, /from 0 to 8/);
  refuses(wholeNumber(1), "0", /from 1\./);
});

test("a time has its zone, and a day begins at midnight UTC", () => {
  const at = Date.UTC(2026, 11, 24, 18);
  for (const same of ["2026-12-24T18:00Z", "2026-12-24T18:00:00.000Z", "2026-12-24T20:00+02:00"])
    assert.deepEqual([instant(same), dayOrInstant(same), past(same)], [at, at, at]);
  assert.equal(dayOrInstant("2026-12-24"), at - 18 * 60 * MINUTE);
  for (const wrong of ["2026-12-24T18:00", "24.12.2026", "2026-13-24", "2026-12-24T25:00Z", "yesterday", ""])
    for (const read of [instant, dayOrInstant, past]) refuses(read, wrong, /Expected/);
  refuses(instant, "2026-12-24", /with its zone/);
});

test("how long ago counts from now, and how long is a number of one unit", () => {
  const before = systemClock.now();
  assert.ok(past("15m") >= before - 15 * MINUTE && past("15m") <= systemClock.now() - 15 * MINUTE);
  assert.deepEqual(
    [duration("90s"), duration("2h"), duration("1w")],
    [90_000, 120 * MINUTE, 7 * 1440 * MINUTE],
  );
  for (const wrong of ["", "0s", "90", "1.5h", "-1h", "1h30m", "3x"]) refuses(duration, wrong, /Expected/);
});

test("an address is one of HTTP", () => {
  assert.equal(httpAddress("http://localhost:3001").port, "3001");
  for (const wrong of ["localhost:3001", "ftp://host", "/metrics", ""])
    refuses(httpAddress, wrong, /Expected/);
});

function refuses(read: (text: string) => unknown, text: string, why: RegExp): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof InvalidArgumentError && why.test(error.message),
    JSON.stringify(text),
  );
}
