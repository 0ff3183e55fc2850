import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExposition } from "@rempart/observability";
import { requireService, startRedis, until } from "@rempart/testing";
import { Administrator, askAdmin } from "./support/administrator.ts";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";

const redis = await requireService("redis-server");

type Labels = Readonly<Record<string, string>>;

/** The values of a metric, of the series that have these labels. */
async function valuesOf({ adminUrl }: Pick<TestMessenger, "adminUrl">, name: string, where: Labels = {}) {
  const samples = parseExposition(await (await fetch(`${adminUrl}/metrics`)).text());
  const matching = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(where).every(([label, value]) => sample.labels[label] === value),
  );
  return matching.map(({ value }) => value);
}

/** What is not told in the time of a scrape, on a machine that is busy, is told by a later one. */
async function valuesOnceTold(server: TestMessenger, name: string, where: Labels = {}): Promise<number[]> {
  let values: number[] = [];
  await until(async () => {
    values = await valuesOf(server, name, where);
    return values.length > 0;
  });
  return values;
}

test("what the process stands on is told with every scrape", async () => {
  await using server = await testMessenger();
  await until(async () => (await valuesOf(server, "pg_up"))[0] === 1);
  const [name] = new URL(server.storage.url).pathname.split("/").slice(1);
  const [connections = 0] = await valuesOnceTold(server, "pg_stat_database_numbackends", {
    datname: name ?? "",
  });
  const [most = 0] = await valuesOnceTold(server, "pg_settings_max_connections");
  assert.ok(connections >= 1 && connections < most, `${connections} of ${most}`);
  const [skew = Number.NaN] = await valuesOnceTold(server, "clock_skew_seconds");
  assert.ok(Math.abs(skew) < 0.5, `one machine has one clock: ${skew}`);
  const [free = 0] = await valuesOnceTold(server, "data_directory_available_bytes");
  const [size = 0] = await valuesOnceTold(server, "data_directory_size_bytes");
  assert.ok(free > 0 && free <= size);
  for (const queue of ["messages", "mail", "audit", "notifications"]) {
    assert.equal((await valuesOnceTold(server, "queue_messages", { queue })).length, 1, queue);
  }
  assert.deepEqual(await valuesOf(server, "redis_up"), [], "there is no Redis to tell of");
});

test("entries that the audit log did not place yet are a queue, and leave it", async () => {
  await using server = await testMessenger();
  await Person.arrive(server.publicUrl, "Sam");
  const drained = async (): Promise<boolean> =>
    (await valuesOf(server, "queue_messages", { queue: "audit" }))[0] === 0;
  await until(drained);
});

test("attacks, refused administrators and what limits decide are counted", async () => {
  await using server = await testMessenger();
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { accessToken } = await sam.must("refresh");
  assert.deepEqual(await valuesOf(server, "attacks_detected_total", { kind: "sql" }), [0]);
  await fetch(`${server.publicUrl}/api/v1/users?q=${encodeURIComponent("' OR 1=1; DROP TABLE users --")}`);
  await askAdmin(server, "/admin/users/search", { headers: { authorization: `Bearer ${accessToken}` } });
  assert.deepEqual(await valuesOf(server, "attacks_detected_total", { kind: "sql" }), [1]);
  assert.deepEqual(await valuesOf(server, "admin_access_denied_total"), [1]);
  const [allowed = 0] = await valuesOf(server, "rate_limit_decisions_total", { decision: "allowed" });
  assert.ok(allowed > 0);
});

test("a database that is away costs the metrics of everything else nothing", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  assert.equal((await admin.ask("/api/admin/security-metrics")).status, 200);
  await server.storage.close();
  await until(async () => (await valuesOf(server, "pg_up"))[0] === 0);
  assert.deepEqual(await valuesOf(server, "pg_stat_database_numbackends"), []);
  assert.equal((await valuesOf(server, "process_start_time_seconds")).length, 1);
});

test("Redis is told of, and when it is away", { skip: redis.skip }, async () => {
  await using store = await startRedis();
  await using server = await testMessenger({ env: { REDIS_URL: store.url } });
  await until(async () => (await valuesOf(server, "redis_up"))[0] === 1);
  const [memory = 0] = await valuesOnceTold(server, "redis_memory_used_bytes");
  assert.ok(memory > 100_000);
  await store.stop();
  await until(async () => (await valuesOf(server, "redis_up"))[0] === 0);
});
