import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrillRecord } from "@rempart/database/backup";
import { Registry } from "prom-client";
import { createDrillMetrics } from "./drill-metrics.ts";

const failed = (startedAt: number): DrillRecord => ({ startedAt, passed: false, error: "no key" });

async function lost(registry: Registry): Promise<string | undefined> {
  return /^durability_checks_total\{outcome="lost"\} (\d+)$/m.exec(await registry.metrics())?.[1];
}

test("a drill is counted once, whoever made it, and not again by a process that only finds it", async () => {
  const registry = new Registry();
  const metrics = createDrillMetrics(registry);
  const told = async (newest: DrillRecord | null): Promise<string | undefined> => {
    metrics.know({ newest, passedAt: null });
    return await lost(registry);
  };
  assert.equal(await lost(registry), "0", "there is a zero to grow from");
  assert.equal(await told(failed(1)), "0", "of before this process");
  assert.equal(await told(failed(2)), "1", "by command");
  metrics.count(failed(3));
  assert.equal(await told(failed(3)), "2", "its own");
  assert.equal(await told(failed(3)), "2");
});

test("the first drill of an installation is counted", async () => {
  const registry = new Registry();
  const metrics = createDrillMetrics(registry);
  metrics.know({ newest: null, passedAt: null });
  metrics.know({ newest: failed(1), passedAt: null });
  assert.equal(await lost(registry), "1");
});
