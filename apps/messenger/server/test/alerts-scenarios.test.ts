/** Alerts that no fault brings about in seconds, each from a real page through the real monitor to a real receiver. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemRandom } from "@rempart/kernel";
import { type AlertRule, memoryAlertStore, milliseconds, SHIPPED_GROUPS } from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { Gauge, Registry } from "prom-client";
import { readMessengerConfig } from "../src/index.ts";
import { createMonitoring } from "../src/monitoring/monitoring.ts";
import { type AlertReceiver, startAlertReceiver } from "./support/alert-receiver.ts";
import { PROOFS } from "./support/proofs.ts";
import { scenarioTarget } from "./support/scenario-target.ts";

const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);

test("each shipped alert is proven one way, and what is proven is shipped", () => {
  const names = rules.map(({ name }) => name);
  const unproven = names.filter((name) => !Object.hasOwn(PROOFS, name));
  assert.deepEqual(unproven, [], "support/proofs.ts says how each is proven");
  const unshipped = Object.keys(PROOFS).filter((name) => !names.includes(name));
  assert.deepEqual(unshipped, []);
});

for (const rule of rules.filter(({ name }) => PROOFS[name] === "scenario")) {
  test(`${rule.name} is told, and that it ended`, async () => {
    await using receiver = await startAlertReceiver();
    await tell(rule, receiver);
  });
}

const MINUTE_MS = 60_000;
/** A warning waits for others of its kind, and what is new about them for the next time that they are told of. */
const LATEST_MS = 10 * MINUTE_MS;

async function tell(rule: AlertRule, receiver: AlertReceiver): Promise<void> {
  const clock = manualClock(Date.now());
  await using target = await scenarioTarget(rule.scenario, clock);
  let look = async (): Promise<void> => {};
  const monitoring = createMonitoring(
    readMessengerConfig({ ...receiver.env, MONITOR_TARGETS: `scene=${target.url}` }),
    {
      registry: registryFor(rule),
      database: nowhere,
      clock,
      random: systemRandom,
      log: silentLogger,
      rim: {
        clock,
        store: () => memoryAlertStore(clock),
        drive: (next) => {
          look = next;
        },
      },
    },
  );
  monitoring.start("test");
  const step = Math.max(MINUTE_MS, milliseconds(rule.scenario.every));
  const until = milliseconds(rule.scenario.resolvedAt) + LATEST_MS + HISTORY_MS;
  for (let passed = 0; passed <= until && !receiver.wasTold(rule.name, "resolved"); passed += step) {
    await look();
    clock.advance(step);
  }
  await monitoring.stop();
  assert.ok(receiver.wasTold(rule.name, "firing"), "it was told");
  assert.ok(receiver.wasTold(rule.name, "resolved"), "its end was told");
}

/** Where nobody ever counted something, that it is absent is no news. */
function registryFor({ expression }: AlertRule): Registry {
  const registry = new Registry();
  if (expression.kind === "absent" && expression.of.kind === "select") {
    const { metric: name } = expression.of;
    registry.registerMetric(new Gauge({ name, help: name, labelNames: ["any"], registers: [] }));
  }
  return registry;
}

/** A history that is younger knows too little to say that an alert is over. */
const HISTORY_MS = 60 * MINUTE_MS;

/** What is kept is kept in memory. */
const nowhere = new Proxy({} as Parameters<typeof createMonitoring>[1]["database"], {
  get: () => assert.fail("the database is not asked"),
});
