/** Where a Prometheus evaluates the rules, the process watches it, and goes on with its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { requireService, startPrometheus } from "@rempart/testing";
import { watchedMessenger } from "./support/watched.ts";

const { skip } = await requireService("prometheus");

test("a Prometheus that is gone is told, and so is what happens meanwhile", { skip }, async () => {
  await using prometheus = await startPrometheus();
  const env = { MONITOR_TARGETS: `prometheus=${prometheus.url}/metrics` };
  await using watched = await watchedMessenger({ env });
  await watched.watch.pass(3);
  assert.ok(!watched.receiver.wasTold("PrometheusDown", "firing"));
  await prometheus[Symbol.asyncDispose]();
  await watched.told("PrometheusDown", "firing", { most: 5 });
  const attack = `/api/v1/users?q=${encodeURIComponent("' OR 1=1; DROP TABLE users --")}`;
  await fetch(`${watched.server.publicUrl}${attack}`);
  await watched.told("InjectionAttempt", "firing", { most: 5 });
});
