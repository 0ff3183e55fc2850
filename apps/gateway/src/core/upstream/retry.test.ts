import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attempt, earnRetry, FULL_BUDGET, mayRetry, type RetryBudget, spendRetry } from "./retry.ts";

const rules = { retries: 2, budget: 0.2 };
const sent: Attempt = { method: "GET", made: 1, wasSent: true, hasBody: false, wasAnswered: false };

test("what was sent is repeated only when it is idempotent, bodiless and unanswered, and so many times", () => {
  assert.equal(mayRetry(sent, rules), true);
  assert.equal(mayRetry({ ...sent, made: 2 }, rules), true);
  assert.equal(mayRetry({ ...sent, made: 3 }, rules), false);
  assert.equal(mayRetry({ ...sent, wasAnswered: true }, rules), false);
  assert.equal(mayRetry({ ...sent, method: "PUT", hasBody: true }, rules), false);
  for (const method of ["POST", "PATCH", "get", "PURGE"])
    assert.equal(mayRetry({ ...sent, method }, rules), false);
  for (const method of ["HEAD", "OPTIONS", "PUT", "DELETE"])
    assert.equal(mayRetry({ ...sent, method }, rules), true);
});

test("what was never sent may go elsewhere, whatever it is", () => {
  assert.equal(mayRetry({ ...sent, method: "POST", hasBody: true, wasSent: false }, rules), true);
});

test("an outage gets its load once and a fifth more, however long it lasts", () => {
  let budget: RetryBudget = FULL_BUDGET;
  let retries = 0;
  for (let request = 0; request < 1000; request += 1) {
    budget = earnRetry(budget, rules);
    const left = spendRetry(budget);
    if (left !== null) {
      budget = left;
      retries += 1;
    }
  }
  assert.ok(retries >= 200 && retries <= 211, `${retries} retries`);
});
