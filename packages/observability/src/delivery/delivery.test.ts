import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failureRateBand, frequencyBand, leadTimeBand, recoveryBand } from "./bands.ts";
import type { Deployment, Incident } from "./deployment.ts";
import { BLAME_MS, deliveryMetrics } from "./metrics.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WINDOW = { from: 0, to: 30 * DAY };

function deployment(deployedAt: number, more: Partial<Deployment> = {}): Deployment {
  const id = String(deployedAt);
  return {
    environment: "production",
    id,
    version: "1",
    commit: "c",
    deployedAt,
    committedAt: null,
    failed: false,
    ...more,
  };
}

function incident(openedAt: number, more: Partial<Incident> = {}): Incident {
  return {
    id: `i${openedAt}`,
    environment: "production",
    title: "t",
    openedAt,
    closedAt: null,
    deployment: null,
    ...more,
  };
}

test("without deployments there is nothing to measure but how seldom they are", () => {
  const metrics = deliveryMetrics([], [incident(DAY)], WINDOW);
  assert.deepEqual(metrics.deploymentFrequency, { value: 0, band: "low", samples: 0 });
  for (const measure of [metrics.leadTime, metrics.changeFailureRate, metrics.recoveryTime])
    assert.deepEqual(measure, { value: null, band: null, samples: 0 });
});

test("one deployment in a month is one", () => {
  const metrics = deliveryMetrics([deployment(DAY, { committedAt: DAY / 2 })], [], WINDOW);
  assert.deepEqual(metrics.deploymentFrequency, { value: 1 / 30, band: "medium", samples: 1 });
  assert.deepEqual(metrics.leadTime, { value: DAY / 2, band: "elite", samples: 1 });
  assert.deepEqual(metrics.changeFailureRate, { value: 0, band: "elite", samples: 1 });
  assert.equal(metrics.unrecovered, 0);
});

test("a window includes its beginning and not its end", () => {
  const at = (time: number) => deliveryMetrics([deployment(time)], [], WINDOW).deploymentFrequency.samples;
  assert.deepEqual([at(0), at(30 * DAY), at(30 * DAY - 1)], [1, 0, 1]);
  assert.throws(() => deliveryMetrics([], [], { from: 1, to: 1 }), TypeError);
});

test("a failed deployment is recovered from when its incidents are closed, or by the next that holds", () => {
  const deployments = [
    deployment(DAY, { failed: true }),
    deployment(DAY + 2 * HOUR, { failed: true }),
    deployment(DAY + 6 * HOUR),
    deployment(5 * DAY),
    deployment(9 * DAY),
  ];
  const incidents = [
    incident(5 * DAY + 1_000, { closedAt: 5 * DAY + HOUR }),
    incident(20 * DAY, { deployment: String(5 * DAY), closedAt: 5 * DAY + 3 * HOUR }),
    incident(9 * DAY + BLAME_MS + 1),
  ];
  const metrics = deliveryMetrics(deployments, incidents, WINDOW);
  assert.equal(metrics.changeFailureRate.value, 3 / 5);
  assert.deepEqual(metrics.recoveryTime, { value: 4 * HOUR, band: "high", samples: 3 });
  assert.equal(metrics.unrecovered, 0);
});

test("what goes on is not recovered from, and another environment's trouble is not ours", () => {
  const open = deliveryMetrics([deployment(DAY)], [incident(DAY + 1)], WINDOW);
  assert.equal(open.unrecovered, 1);
  assert.equal(open.recoveryTime.value, null);
  const elsewhere = deliveryMetrics(
    [deployment(DAY)],
    [incident(DAY + 1, { environment: "staging" })],
    WINDOW,
  );
  assert.equal(elsewhere.changeFailureRate.value, 0);
});

test("a clock that went back makes no time negative", () => {
  const metrics = deliveryMetrics([deployment(DAY, { committedAt: 2 * DAY })], [], WINDOW);
  assert.equal(metrics.leadTime.value, 0);
});

test("the bands are those of the 2024 report", () => {
  assert.deepEqual([HOUR, 2 * DAY, 20 * DAY, 60 * DAY].map(leadTimeBand), ["elite", "high", "medium", "low"]);
  assert.deepEqual([HOUR, DAY, 7 * DAY, 30 * DAY].map(recoveryBand), ["elite", "high", "medium", "low"]);
  assert.deepEqual([0.05, 0.2, 0.39, 0.41].map(failureRateBand), ["elite", "high", "medium", "low"]);
  assert.deepEqual([3, 0.5, 0.1, 0.01, 0].map(frequencyBand), ["elite", "high", "medium", "low", "low"]);
});

test("whatever happened, shares are shares, times are times, and the order they are told in changes nothing", () => {
  const time = fc.integer({ min: 0, max: 40 * DAY });
  const maybe = fc.option(time);
  const one = fc.record({ at: time, committedAt: maybe, failed: fc.boolean() });
  const trouble = fc.record({ at: time, closedAt: maybe });
  fc.assert(
    fc.property(fc.uniqueArray(one, { selector: ({ at }) => at }), fc.array(trouble), (told, troubles) => {
      const deployments = told.map(({ at, ...more }) => deployment(at, more));
      const incidents = troubles.map(({ at, closedAt }) => incident(at, { closedAt }));
      const metrics = deliveryMetrics(deployments, incidents, WINDOW);
      const { changeFailureRate, leadTime, recoveryTime, unrecovered } = metrics;
      assert.ok((changeFailureRate.value ?? 0) >= 0 && (changeFailureRate.value ?? 0) <= 1);
      assert.ok((leadTime.value ?? 0) >= 0 && (recoveryTime.value ?? 0) >= 0);
      const failures = (changeFailureRate.value ?? 0) * changeFailureRate.samples;
      assert.equal(Math.round(failures), unrecovered + recoveryTime.samples);
      assert.deepEqual(deliveryMetrics(deployments.toReversed(), incidents.toReversed(), WINDOW), metrics);
    }),
  );
});
