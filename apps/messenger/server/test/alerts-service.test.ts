/** A database that is slow, breaks off or is away, in minutes that pass at once: what people feel is told to a real receiver. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { until } from "@rempart/testing";
import { type DatabaseWay, databaseWay } from "./support/database-way.ts";
import { Person } from "./support/person.ts";
import { type WatchedMessenger, watchedMessenger } from "./support/watched.ts";

const BURNS = ["BurnsFast", "Burns", "BurnsSlowly", "BurnsSteadily"];

function ask(person: Person, count: number): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, () => person.call("conversations")));
}

async function resolves({ receiver, told }: WatchedMessenger, rules: readonly string[]): Promise<void> {
  const from = receiver.told.length;
  for (const rule of rules) {
    if (receiver.wasTold(rule, "resolved")) continue;
    await told(rule, "resolved", { from, stepMinutes: 5, most: 24 * 60 });
  }
}

test("slow answers and failing ones are told, and how fast they spend what was promised", async () => {
  await using way = await databaseWay();
  let laterMs = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs };
  await using watched = await watchedMessenger({ clock, through: way.through });
  const { server, watch, told } = watched;
  const sam = await Person.arrive(server.publicUrl, "Sam");
  await watch.pass(60, 5);

  /** Nobody is answered before the messenger has had every request for so long. */
  const slowly = async (): Promise<void> => {
    way.freeze();
    using arrived = countArrived(server.publicUrl);
    const asked = ask(sam, 120);
    await until(() => arrived.count >= 120);
    laterMs += 1_500;
    way.open();
    await asked;
  };
  for (let burst = 0; burst < 4; burst++) {
    await slowly();
    await watch.pass(4, 2);
  }
  const slow = ["LatencyP95", "LatencyP99"].flatMap((name) => BURNS.map((burn) => `${name}${burn}`));
  for (const rule of [...slow, "HighResponseTime"]) await told(rule, "firing");

  const failing = ["MostRequestsFail", "HighErrorRate", "ErrorRateElevated"];
  for (const rule of failing) {
    await told(rule, "firing", { each: () => brokenOff(way, sam), stepMinutes: 0.5 });
  }
  const unavailable = BURNS.map((burn) => `Availability${burn}`);
  for (const rule of unavailable) await told(rule, "firing");
  await resolves(watched, [...slow, "HighResponseTime", ...failing, ...unavailable]);
});

/** Requests that the server at this address took up; it is in this process. */
function countArrived(url: string): { readonly count: number } & Disposable {
  const { host } = new URL(url);
  let count = 0;
  const arrived = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (request.headers.host === host) count += 1;
  };
  subscribe("http.server.request.start", arrived);
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => void unsubscribe("http.server.request.start", arrived),
  };
}

/** It is back before anybody looks. */
async function brokenOff(way: DatabaseWay, person: Person): Promise<void> {
  way.cut();
  await ask(person, 60);
  way.open();
}

test("a database that is away is told without it, and that it is back; what it was kept from is written then", async () => {
  await using way = await databaseWay();
  await using watched = await watchedMessenger({ through: way.through });
  const { server, watch, receiver, told } = watched;
  await watch.pass(60, 5);
  way.cut();
  await told("DatabaseDown", "firing");
  way.open();
  await told("DatabaseDown", "resolved");
  const { database } = server.storage;
  const events = await database.query<{ kind: string }>(
    "SELECT kind FROM alert_events WHERE rule = 'DatabaseDown' ORDER BY id",
  );
  if (!events.some(({ kind }) => kind === "fired")) throw new Error("what happened meanwhile is not kept");

  await Promise.all([1, 2, 3, 4, 5].map((pair) => deadlock(database, pair)));
  await told("DatabaseDeadlocks", "firing", { each: () => sleep(600) });
  await told("DatabaseDeadlocks", "resolved", { from: receiver.told.length });
});

/** Two transactions each wait for what the other has. */
async function deadlock(database: Database, pair: number): Promise<unknown> {
  const { promise: bothHold, resolve } = Promise.withResolvers<void>();
  let holding = 0;
  const lock = (first: number, second: number): Promise<unknown> =>
    database.session(async (session) => {
      await session.query("BEGIN");
      await session.query("SELECT pg_advisory_xact_lock($1, $2)", [pair, first]);
      holding += 1;
      if (holding === 2) resolve();
      await bothHold;
      await session.query("SELECT pg_advisory_xact_lock($1, $2)", [pair, second]);
    });
  return Promise.allSettled([lock(1, 2), lock(2, 1)]);
}
