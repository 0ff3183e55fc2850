/** What `rempart deploy metrics` measures of outages: a critical alert is an incident from when it fires until it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryMetrics, deliveryStore } from "@rempart/observability";
import { startPeer } from "./support/peer.ts";
import { watchedMessenger } from "./support/watched.ts";

const HOUR_MS = 3_600_000;

test("a critical alert opens an incident, and its end closes it; whoever looks again opens no other", async () => {
  await using peer = await startPeer();
  await using watched = await watchedMessenger({ env: { MONITOR_TARGETS: `peer=${peer.url}` } });
  const { server, watch, told } = watched;
  const store = deliveryStore(server.storage.database);
  const began = watch.clock.now();
  // A machine that is busy may have more to tell of.
  const expected = ["ApplicationDown", "ServiceDown"];
  const incidents = async () =>
    (await store.incidents("production", began)).filter(({ title }) => expected.includes(title));
  await watch.pass(60, 5);
  assert.deepEqual(await incidents(), []);

  const gone = watch.clock.now();
  const deployment = { environment: "production", id: "1.2.0", version: "1.2.0", commit: "0af7651" };
  await store.record({ ...deployment, deployedAt: gone, committedAt: null, failed: false });
  peer.end();
  await told("ServiceDown", "firing");
  await told("ApplicationDown", "firing");
  await watch.pass(5);
  const open = await incidents();
  assert.deepEqual(open.map(({ title }) => title).toSorted(), expected);
  for (const { openedAt, closedAt } of open) assert.ok(openedAt > gone && closedAt === null);

  peer.start();
  await told("ServiceDown", "resolved");
  await told("ApplicationDown", "resolved");
  await watch.pass(5);
  const closed = await incidents();
  assert.deepEqual(
    closed.map(({ id }) => id),
    open.map(({ id }) => id),
  );
  const now = watch.clock.now();
  for (const { openedAt, closedAt } of closed)
    assert.ok(closedAt !== null && closedAt > openedAt && closedAt < now);
  const deployments = await store.deployments("production", began);
  const { changeFailureRate, recoveryTime } = deliveryMetrics(deployments, closed, { from: began, to: now });
  assert.equal(changeFailureRate.value, 1);
  assert.ok(recoveryTime.value !== null && recoveryTime.value < HOUR_MS);
});
