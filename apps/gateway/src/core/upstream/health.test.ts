import assert from "node:assert/strict";
import { test } from "node:test";
import { HEALTHY, type Health, type HealthEvent, isEjected, nextHealth } from "./health.ts";

const rules = { falls: 3, rises: 2, failures: 3, ejectMs: 100, longestEjectMs: 350 };

function after(events: readonly HealthEvent[], from: Health = HEALTHY, now = 0): Health {
  return events.reduce((health, event) => nextHealth(health, event, now, rules), from);
}

test("checks take a target out after `falls` in a row, and bring it back after `rises`", () => {
  const failed: HealthEvent = "check-failed";
  assert.equal(after([failed, failed]).isUp, true);
  assert.equal(after([failed, failed, "check-passed", failed, failed]).isUp, true);
  const down = after([failed, failed, failed]);
  assert.equal(down.isUp, false);
  assert.equal(after(["check-passed", failed, "check-passed"], down).isUp, false);
  assert.equal(after(["check-passed", "check-passed"], down).isUp, true);
});

test("failed requests in a row eject for a time; a success between starts the count afresh", () => {
  const failed: HealthEvent = "request-failed";
  const spared = after([failed, failed, "request-succeeded", failed, failed]);
  assert.equal(isEjected(spared, 0), false);
  const out = after([failed, failed, failed]);
  assert.equal(isEjected(out, 99), true);
  assert.equal(isEjected(out, 100), false);
});

test("back from an ejection the first failure ejects again, twice as long each time up to the longest", () => {
  let health = after(["request-failed", "request-failed", "request-failed"]);
  let now = health.ejectedUntil;
  for (const expected of [200, 350, 350]) {
    health = nextHealth(health, "request-failed", now, rules);
    assert.equal(health.ejectedUntil - now, expected);
    now = health.ejectedUntil;
  }
  const forgiven = nextHealth(health, "request-succeeded", now, rules);
  assert.equal(isEjected(after(["request-failed"], forgiven, now), now), false);
});

test("failures of requests that began before the ejection do not lengthen it", () => {
  const out = after(["request-failed", "request-failed", "request-failed"]);
  assert.equal(nextHealth(out, "request-failed", 50, rules), out);
});

test("a success in health changes nothing, not even the value", () => {
  assert.equal(nextHealth(HEALTHY, "request-succeeded", 5, rules), HEALTHY);
  assert.equal(nextHealth(HEALTHY, "check-passed", 5, rules), HEALTHY);
});
