/** What happens to processes, their clock, their queues and those who should be told, in minutes that pass at once. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@rempart/kernel";
import { freePort, requireService, startRedis } from "@rempart/testing";
import { createClient } from "redis";
import { startPeer } from "./support/peer.ts";
import { Person } from "./support/person.ts";
import { watchedMessenger } from "./support/watched.ts";

const redis = await requireService("redis-server");
test("a process that is gone is told, and one that starts over and over", async () => {
  await using peer = await startPeer();
  await using watched = await watchedMessenger({ env: { MONITOR_TARGETS: `peer=${peer.url}` } });
  const { watch, told } = watched;
  await watch.pass(60, 5);
  peer.end();
  await told("ServiceDown", "firing");
  await told("ApplicationDown", "firing");
  for (let start = 0; start < 4; start++) {
    peer.start();
    await watch.pass(1);
    peer.end();
  }
  peer.start();
  await told("RestartLoop", "firing");
  for (const rule of ["ServiceDown", "ApplicationDown", "RestartLoop"]) await told(rule, "resolved");
});

test("a clock that is wrong, a process that is held up, a queue that is not worked off, sessions without end", async () => {
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  await using watched = await watchedMessenger({ clock });
  const { server, watch, told } = watched;
  const { database } = server.storage;
  await Person.arrive(server.publicUrl, "Sam");
  await watch.pass(60, 5);

  await told("EventLoopLag", "firing", { each: () => block(400) });
  await told("EventLoopLag", "resolved");

  await database.query(
    `INSERT INTO mail_outbox (id, recipient, kind, language, sealed_values, withheld, created_at, expires_at, next_attempt_at)
     SELECT gen_random_uuid(), 'sam@example.org', 'none', 'en', '', false, now(), now() + interval '1 day', now() + interval '1 day'
     FROM generate_series(1, 5001)`,
  );
  await database.query("UPDATE sessions SET active_since = last_used_at - interval '10 hours'");
  await told("QueueBacklog", "firing");
  await told("SessionsTooLong", "firing");
  await database.query("TRUNCATE mail_outbox");
  await database.query("UPDATE sessions SET active_since = last_used_at");
  await told("QueueBacklog", "resolved");
  await told("SessionsTooLong", "resolved");

  aheadMs = 5_000;
  await told("ClockSkewed", "firing");
  aheadMs = 0;
  await told("ClockSkewed", "resolved");
});

async function block(milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
  // The delay is noticed when the loop turns again.
  await sleep(20);
}

test("a page of more series than there is room for is told; so is a receiver that takes nothing", async () => {
  let series = 0;
  const page = createServer((_request, response) => {
    response.end(Array.from({ length: series }, (_, i) => `load{host="h${i}"} 1\n`).join(""));
  });
  after(() => page.close());
  page.listen(0, "127.0.0.1");
  await once(page, "listening");
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/metrics`;
  await using watched = await watchedMessenger({ env: { MONITOR_TARGETS: `many=${url}` } });
  const { watch, receiver, told } = watched;
  await watch.pass(60, 10);
  receiver.mood = "gone";
  series = 5_100;
  await told("HistoryFull", "firing");
  receiver.mood = "accept";
  series = 0;
  await told("AlertsUndelivered", "firing");
  // What nothing is heard of any more is kept for a day.
  await told("HistoryFull", "resolved", { stepMinutes: 30, most: 30 * 60 });
  await told("AlertsUndelivered", "resolved", { stepMinutes: 5, most: 120 });
});

test("a Redis that is full, and one that is away", { skip: redis.skip }, async () => {
  const port = await freePort();
  let store = await startRedis({ port, args: ["--maxmemory", "100mb"] });
  after(() => store.stop());
  const client = createClient({ url: store.url });
  client.on("error", () => undefined);
  await client.connect();
  await using watched = await watchedMessenger({ env: { REDIS_URL: store.url } });
  const { watch, receiver, told } = watched;
  await watch.pass(10, 5);
  await client.configSet("maxmemory", String((await usedBy(client)) + 50_000));
  await told("RedisMemoryHigh", "firing");
  await client.configSet("maxmemory", "100mb");
  await told("RedisMemoryHigh", "resolved");
  client.destroy();
  await store.stop();
  await told("RedisDown", "firing");
  store = await startRedis({ port });
  const from = receiver.told.length;
  await told("RedisDown", "resolved", {
    from,
    each: () => new Promise((resolve) => setTimeout(resolve, 200)),
  });
  await store.stop();
});

async function usedBy(client: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1]);
}
