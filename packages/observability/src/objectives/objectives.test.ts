import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { History } from "../history/history.ts";
import { counter, gauge, histogram } from "../metrics/declare.ts";
import { counterOf, gaugeOf, rate } from "../rules/builders.ts";
import { evaluate } from "../rules/evaluate.ts";
import type { Vector } from "../rules/expression.ts";
import { inlined } from "../rules/inline.ts";
import { nextAlerts } from "./alerts.ts";
import { objective } from "./objective.ts";
import { type RecordingRule, record } from "./record.ts";
import { rehearse } from "./rehearse.ts";
import { type AlertRule, alert } from "./rule.ts";
import { series } from "./scenario.ts";
import { errorsOf, fasterThan, fresherThan } from "./sli.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const help = "For a test.";
const hits = counter({ name: "hits_total", help, unit: "count", labels: { status: { limit: 9 } } });
const waits = histogram({ name: "waits", help, unit: "count", buckets: [1, 2] });
const sli = errorsOf(hits, { status: "500" });
const runbook = "none";

function firing(history: History, at: number): string[] {
  return objective({ name: "Hits", sli, target: 0.99, runbook })
    .alerts.filter((rule) => answer(rule.expression, rule.reads, history, at).length > 0)
    .map(({ name }) => name);
}

/** Nobody records here. */
function answer(expression: Vector, records: AlertRule["reads"], history: History, at: number) {
  return evaluate(inlined(expression, records ?? []), history, at);
}

/** So many events a minute, of which a share fails from `since` on. */
function traffic(aMinute: number, share: number, since: number, until: number): History {
  const history = new History();
  let [good, bad] = [0, 0];
  for (let at = 0; at <= until; at += MINUTE) {
    const failing = at > since ? share : 0;
    good += aMinute * (1 - failing);
    bad += aMinute * failing;
    history.append("hits_total", { status: "200" }, at, good);
    history.append("hits_total", { status: "500" }, at, bad);
  }
  return history;
}

test("a total outage is told within ten minutes, and after an hour of 16 times the budget at the latest", () => {
  const outage = traffic(100, 1, 6 * HOUR, 6 * HOUR + 10 * MINUTE);
  assert.ok(firing(outage, 6 * HOUR + 10 * MINUTE).includes("HitsBurnsFast"));
  const burn = traffic(100, 0.16, 6 * HOUR, 7 * HOUR);
  assert.ok(firing(burn, 7 * HOUR).includes("HitsBurnsFast"));
});

test("errors within the budget tell nobody", () => {
  assert.deepEqual(firing(traffic(100, 0.009, 0, 12 * HOUR), 12 * HOUR), []);
});

test("with three requests an hour, a failed one wakes nobody", () => {
  assert.deepEqual(firing(traffic(0.05, 1, 11 * HOUR, 12 * HOUR), 12 * HOUR), []);
});

test("the budget is left, then overspent", () => {
  const { budgetLeft, records } = objective({ name: "Hits", sli, target: 0.99, window: "1d", runbook });
  const left = (share: number): number =>
    answer(budgetLeft, records, traffic(100, share, 0, 3 * HOUR), 3 * HOUR)[0]?.value ?? Number.NaN;
  for (const [share, expected] of [
    [0, 1],
    [0.005, 0.5],
    [0.03, -2],
  ] as const) {
    assert.ok(Math.abs(left(share) - expected) < 0.1, `${left(share)}`);
  }
});

test("a target at which an alert could never fire is refused", () => {
  const make = (target: number) => () => objective({ name: "Hits", sli, target, runbook });
  assert.throws(make(0.93), /HitsBurnsFast can never fire/);
  for (const target of [0, 1, Number.NaN, 99.9]) assert.throws(make(target), TypeError);
  make(0.9999)();
});

test("a target that is written out, and too low, does not compile", () => {
  // @ts-expect-error 14.4 times the budget of 10 % is more than all events.
  assert.throws(() => objective({ name: "Hits", sli, target: 0.9, runbook }), TypeError);
  // @ts-expect-error nothing is allowed to fail.
  assert.throws(() => objective({ name: "Hits", sli, target: 1, runbook }), TypeError);
  for (const { alerts } of [
    objective({ name: "Hits", sli, target: 0.95, runbook }),
    objective({ name: "Hits", sli, target: 0.931, runbook }),
  ]) {
    assert.equal(alerts.length, 5);
  }
});

test("what was last done too long ago burns a budget by the time it takes", () => {
  const done = gauge({ name: "done_timestamp_seconds", help, unit: "seconds" });
  const fresh = fresherThan(done, "10m");
  const { errorRatio, alerts } = objective({ name: "Fresh", sli: fresh, target: 0.99, runbook });
  const history = new History();
  // Done every minute for three hours; not any more in the fourth.
  for (let at = 0; at <= 4 * HOUR; at += MINUTE) {
    history.append("done_timestamp_seconds", {}, at, Math.min(at, 3 * HOUR) / 1_000);
  }
  assert.equal(evaluate(errorRatio("1h"), history, 3 * HOUR)[0]?.value, 0);
  assert.ok(Math.abs((evaluate(errorRatio("1h"), history, 4 * HOUR)[0]?.value ?? 0) - 50 / 61) < 0.02);
  const burning = alerts.filter(
    ({ expression, reads }) => answer(expression, reads, history, 4 * HOUR).length > 0,
  );
  assert.deepEqual(
    burning.map(({ name }) => name),
    ["FreshBurnsFast", "FreshBurns", "FreshBurnsSlowly", "FreshBurnsSteadily"],
  );
  for (const rule of alerts) {
    const { firing, stillFiring } = rehearse(rule);
    assert.ok(firing.length === 1 && stillFiring.length === 0, rule.name);
  }
});

test("while nothing failed, the whole budget is left", () => {
  const history = new History();
  for (let minute = 0; minute <= 60; minute++)
    history.append("hits_total", { status: "200" }, minute * MINUTE, minute);
  const { budgetLeft, records } = objective({ name: "Hits", sli, target: 0.99, window: "1d", runbook });
  assert.equal(answer(budgetLeft, records, history, HOUR)[0]?.value, 1);
});

test("a long window is the sum of its whole hours, and what there is before the first", () => {
  const { errorRatio, records } = objective({ name: "Hits", sli, target: 0.99, runbook });
  const share = (history: History, at: number): number | undefined =>
    answer(errorRatio("3d"), records, history, at)[0]?.value;
  const history = traffic(60, 0, 0, 0);
  // Everything failed in the last of three hours.
  const later = traffic(60, 1, 2 * HOUR, 3 * HOUR);
  assert.equal(share(history, 0), undefined);
  assert.equal(share(traffic(60, 1, 0, 20 * MINUTE), 20 * MINUTE), 1);
  assert.ok(Math.abs((share(later, 3 * HOUR + MINUTE) ?? 0) - 1 / 3) < 0.02);
  assert.equal(share(later, 3 * HOUR - MINUTE), 0, "the third hour is not whole yet");
});

test("of looks at whole multiples, a single event is counted once, wherever it falls", () => {
  const look = 15_000;
  const place = fc.integer({ min: 1, max: (3 * HOUR) / look });
  fc.assert(
    fc.property(
      fc.uniqueArray(place, { minLength: 1, maxLength: 20 }),
      fc.array(place, { maxLength: 5 }),
      (all, bad) => {
        const history = new History();
        const upTo = (events: readonly number[], tick: number) =>
          events.filter((event) => event <= tick).length;
        for (let tick = 0; tick * look <= 3 * HOUR; tick += 1) {
          history.append("hits_total", { status: "200" }, tick * look, upTo(all, tick));
          history.append("hits_total", { status: "500" }, tick * look, upTo(bad, tick));
        }
        const { errorRatio, records } = objective({ name: "Hits", sli, target: 0.99, runbook });
        const [ratio] = answer(errorRatio("6h"), records, history, 3 * HOUR);
        assert.ok(Math.abs((ratio?.value ?? Number.NaN) - bad.length / (all.length + bad.length)) < 1e-9);
      },
    ),
    { numRuns: 25 },
  );
});

test("an objective's windows and its budget are recorded under names of their own", () => {
  const { records } = objective({ name: "LatencyP95", sli, target: 0.99, runbook });
  assert.deepEqual(
    records.map(({ name }) => name),
    [
      ...["all:events1h", "bad:events1h", "all:events5m", "bad:events5m"].map(
        (part) => `objective:latency_p95_${part}`,
      ),
      ...["5m", "1h", "30m", "6h", "2h", "1d", "3d"].map(
        (over) => `objective:latency_p95_errors:ratio${over}`,
      ),
      "objective:latency_p95_budget:left4w",
    ],
  );
  for (const name of ["hits_total", "a:b", "A:b:c", "a b", ""]) {
    assert.throws(() => record({ name, help, expression: gaugeOf(records[0] as RecordingRule) }), TypeError);
  }
});

test("of a distribution, what is slower than a bound is bad", () => {
  const history = new History();
  for (let minute = 0; minute <= 60; minute++) {
    history.append("waits_bucket", { le: "1" }, minute * MINUTE, minute * 9);
    history.append("waits_count", {}, minute * MINUTE, minute * 10);
  }
  const { errorRatio } = objective({ name: "Waits", sli: fasterThan(waits, 1), target: 0.95, runbook });
  const [answer] = evaluate(errorRatio("30m"), history, HOUR);
  assert.ok(Math.abs((answer?.value ?? 0) - 0.1) < 1e-9);
  assert.throws(() => fasterThan(waits, 1.5), TypeError);
});

const rule = alert({
  name: "Some",
  expression: rate(counterOf(hits), "5m"),
  for: "5m",
  severity: "info",
  summary: "Some.",
  runbook,
  scenario: { every: "1m", series: [series(hits, {}, 0, [5, 1])], firesAt: "6m", resolvedAt: "9m" },
});

test("an alert is pending for its time, fires, and is resolved at once; a break begins anew", () => {
  const there = [{ labels: { __name__: "a", x: "1" }, value: 1 }];
  const steps = [there, there, [], there, there, there];
  let alerts: ReturnType<typeof nextAlerts> = new Map();
  const told = steps.map((elements, index) => {
    alerts = nextAlerts(rule, alerts, elements, index * 3 * MINUTE);
    return [...alerts.values()]
      .map(({ state, since, labels }) => `${state} ${since / MINUTE} ${labels.x}`)
      .join();
  });
  assert.deepEqual(told, ["pending 0 1", "pending 0 1", "", "pending 9 1", "pending 9 1", "firing 9 1"]);
});

test("a rule whose scenario cannot prove it, or that would mute more than it tells, is refused", () => {
  const scenario = { ...rule.scenario, resolvedAt: "6m" } as const;
  assert.throws(() => alert({ ...rule, scenario, for: "5m" }), TypeError);
  assert.throws(() => alert({ ...rule, name: "a b", for: "5m" }), TypeError);
  assert.throws(() => alert({ ...rule, severity: "warning", outage: true }), TypeError);
});
