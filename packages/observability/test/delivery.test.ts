import assert from "node:assert/strict";
import { after, test } from "node:test";
import { alertIncidents, deliveryStore, observabilityMigrations } from "@rempart/observability";
import { testDatabase } from "@rempart/testing";
import type { SeenAlert } from "../src/delivery/alert-incidents.ts";

const { database, close } = await testDatabase({ migrations: [observabilityMigrations] });
after(close);
const store = deliveryStore(database);

const DEPLOYED = {
  environment: "production",
  id: "run-1",
  version: "1.2.0",
  commit: "0af7651",
  deployedAt: 1_000_000,
  committedAt: null,
  failed: false,
};

test("a deployment told twice is one; later words add to it and take nothing back", async () => {
  assert.equal(await store.record(DEPLOYED), true);
  assert.equal(
    await store.record({ ...DEPLOYED, deployedAt: 2_000_000, committedAt: 500_000, failed: true }),
    false,
  );
  assert.equal(await store.record(DEPLOYED), false);
  assert.deepEqual(await store.deployments("production", 0), [
    { ...DEPLOYED, committedAt: 500_000, failed: true },
  ]);
  assert.deepEqual(await store.deployments("staging", 0), []);
  assert.deepEqual(await store.deployments("production", 1_000_001), []);
});

test("many pipelines that tell the same at once tell one deployment", async () => {
  const told = await Promise.all(
    Array.from({ length: 8 }, () => store.record({ ...DEPLOYED, environment: "race" })),
  );
  assert.equal(told.filter(Boolean).length, 1);
});

test("texts and times out of bounds are refused, and name the field", async () => {
  for (const [field, value] of [
    ["version", ""],
    ["version", " "],
    ["commit", "x".repeat(201)],
    ["id", "line\nbreak"],
    ["environment", "zero\u0000"],
  ] as const)
    await assert.rejects(store.record({ ...DEPLOYED, [field]: value }), {
      code: "delivery-invalid",
      details: { field },
    });
  for (const deployedAt of [Number.NaN, -1, Number.POSITIVE_INFINITY])
    await assert.rejects(store.record({ ...DEPLOYED, deployedAt }), { code: "delivery-invalid" });
});

test("an incident opens and closes once, and never before it began", async () => {
  const opened = {
    id: "i-1",
    environment: "production",
    title: "Slow",
    openedAt: 5_000,
    deployment: "run-1",
  };
  assert.equal(await store.open(opened), true);
  assert.equal(await store.open({ ...opened, title: "Other" }), false);
  assert.equal(await store.close("i-1", 4_000), true);
  assert.equal(await store.close("i-1", 9_000), false);
  assert.equal(await store.close("nobody", 9_000), false);
  assert.deepEqual(await store.incidents("production", 0), [{ ...opened, closedAt: 5_000 }]);
});

test("one that goes on is reported, however long ago it began", async () => {
  await store.open({ id: "i-2", environment: "old", title: "Slow", openedAt: 5_000, deployment: null });
  assert.equal((await store.incidents("old", 1_000_000)).length, 1);
});

test("a critical alert is an incident while it fires; seen again, also by another process, it is the same one", async () => {
  const [take, another] = [alertIncidents(store, "alerts"), alertIncidents(store, "alerts")];
  const alert: SeenAlert = {
    fingerprint: "f",
    rule: "ApplicationDown",
    severity: "critical",
    phase: "firing",
    firingAt: 10_000,
    resolvedAt: null,
  };
  await take([
    { ...alert, severity: "warning", fingerprint: "g" },
    { ...alert, phase: "pending", fingerprint: "h" },
    alert,
  ]);
  await take([alert]);
  await another([alert]);
  await take([{ ...alert, phase: "resolved", resolvedAt: 70_000 }]);
  await another([{ ...alert, phase: "resolved", resolvedAt: 70_000 }]);
  await take([{ ...alert, firingAt: 100_000 }]);
  const told = await store.incidents("alerts", 0);
  assert.deepEqual(
    told.map(({ title, openedAt, closedAt }) => [title, openedAt, closedAt]),
    [
      ["ApplicationDown", 100_000, null],
      ["ApplicationDown", 10_000, 70_000],
    ],
  );
});

test("a clock that was set while an alert fires, or that another process has, makes no second incident, and leaves none open", async () => {
  const [take, another] = [alertIncidents(store, "clocks"), alertIncidents(store, "clocks")];
  const alert: SeenAlert = {
    fingerprint: "k",
    rule: "ApplicationDown",
    severity: "critical",
    phase: "firing",
    firingAt: 10_000,
    resolvedAt: null,
  };
  await take([alert]);
  await another([{ ...alert, firingAt: 9_950 }]);
  await take([{ ...alert, firingAt: 9_950 }]);
  const ended = { ...alert, firingAt: 9_950, phase: "resolved", resolvedAt: 70_000 } as const;
  await Promise.all([take([ended]), another([ended])]);
  const [told, ...more] = await store.incidents("clocks", 0);
  assert.deepEqual([told?.openedAt, told?.closedAt, more], [10_000, 70_000, []]);
});
