/**
 * Acknowledged durable messages and deliveries of the running messenger, beside what the same PostgreSQL and a fan-out
 * without duties reach in the same run. Server and database on one core, the load on the other.
 *
 *   npm run bench -- messenger            every scenario
 *   npm run bench -- messenger --quick    seconds instead of minutes, for development; writes no report
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@rempart/database";
import pg from "pg";
import { LOAD_CORE, pin, residentBytes, SERVER_CORE, spawnPinned, treeCpuSeconds } from "../lib/process.ts";
import { count, median, quantile, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { type InsertRates, measureInserts } from "./inserts.ts";
import { type LoadResult, openSocket, type Pace, type Room, runBareFanout, runLoad } from "./load.ts";
import type { Wire } from "./wire.ts";
import {
  type Api,
  createPerson,
  createRoom,
  inParallel,
  newId,
  type Person,
  registerDevice,
} from "./world.ts";

const QUICK = process.argv.includes("--quick");
const SECONDS = QUICK ? 3 : 8;
const ROUNDS = QUICK ? 1 : 3;
const PAIRS = 200;
const GROUP_SIZES = QUICK ? [100] : [10, 100, 1000];
const IDLE_SOCKETS = QUICK ? 200 : 10_000;
const TEXT_BYTES = 100;
/** Of one sender: enough that the server never waits for the load. */
const GROUP_IN_FLIGHT = 64;
const PORT = 33_000;
/** ejabberd 23.01 with its archive in PostgreSQL, on a machine like this one: see bench/README.md. */
const EJABBERD_MESSAGES_PER_SECOND = 1_900;

interface Servers extends Api {
  readonly postgres: EmbeddedPostgres;
  readonly messenger: ChildProcess;
}

async function startServers(directory: string): Promise<Servers> {
  const postgres = await startEmbeddedPostgres({ directory: join(directory, "postgres") });
  pin(postgres.pid, SERVER_CORE);
  const messenger = spawnPinned(SERVER_CORE, process.execPath, ["apps/cli/src/main.ts", "up"], {
    DATABASE_URL: postgres.url,
    PORT: String(PORT),
    ADMIN_PORT: String(PORT + 1),
    LOG_LEVEL: "warn",
    RATE_LIMIT_MAX: "100000000",
    RATE_LIMIT_AUTH_MAX: "100000000",
    RATE_LIMIT_MESSAGES_MAX: "100000000",
  });
  messenger.stdout?.resume();
  await untilServing(messenger);
  return { port: PORT, postgres, messenger };
}

async function untilServing(messenger: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (messenger.exitCode !== null) throw new Error("the messenger ended before it served");
    const answer = await fetch(`http://localhost:${PORT}/health`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await sleep(200);
  }
  throw new Error("the messenger does not answer");
}

async function measure(
  servers: Servers,
  rooms: readonly Room[],
  pace: Pace,
): Promise<LoadResult & { cpu: number }> {
  const pid = servers.messenger.pid as number;
  const before = treeCpuSeconds(pid) + treeCpuSeconds(servers.postgres.pid);
  const result = await runLoad(servers.port, rooms, pace, SECONDS);
  const used = treeCpuSeconds(pid) + treeCpuSeconds(servers.postgres.pid) - before;
  if (result.refused > 0) throw new Error(`${result.refused} messages were refused`);
  return { ...result, cpu: used };
}

/**
 * Saturation first, then half of it. Each starts after a checkpoint: until a database has been through a few, PostgreSQL
 * zero-fills a new WAL file for every 16 MiB, which stalls every commit for some 50 ms; afterwards it uses old ones again.
 */
async function scenario(
  servers: Servers,
  name: string,
  rooms: readonly Room[],
  inFlight: number,
): Promise<Scenario> {
  const saturated: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await checkpoint(servers);
    saturated.push(await measure(servers, rooms, { inFlight }));
  }
  const rate = median(saturated.map((result) => result.acknowledged));
  const half: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await checkpoint(servers);
    half.push(await measure(servers, rooms, { perSecond: rate / 2 }));
  }
  return { name, rate, deliveries: median(saturated.map((result) => result.deliveries)), saturated, half };
}

async function checkpoint({ postgres }: Servers): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.superuserUrl });
  await client.connect();
  await client.query("CHECKPOINT");
  await client.end();
}

interface Scenario {
  readonly name: string;
  readonly rate: number;
  readonly deliveries: number;
  readonly saturated: readonly LoadResult[];
  readonly half: readonly LoadResult[];
}

function scenarioRow({ name, rate, deliveries, saturated, half }: Scenario): Row {
  const both = (rounds: readonly LoadResult[], which: "ackMs" | "lastDeliveryMs") =>
    `${typical(rounds, which, 0.5)} / ${typical(rounds, which, 0.99)}`;
  return [
    name,
    count(rate),
    count(deliveries),
    both(saturated, "ackMs"),
    both(half, "ackMs"),
    both(half, "lastDeliveryMs"),
  ];
}

/** The median over the rounds of a quantile within each, in milliseconds. */
function typical(rounds: readonly LoadResult[], which: "ackMs" | "lastDeliveryMs", q: number): string {
  return median(rounds.map((round) => quantile(round[which], q))).toFixed(1);
}

async function bareFanout(subscribers: number, frameBytes: number): Promise<number> {
  const peer = spawnPinned(SERVER_CORE, process.execPath, ["bench/messenger/fanout-peer.ts"]);
  const port = await new Promise<number>((resolve) =>
    peer.once("message", (message: { port: number }) => resolve(message.port)),
  );
  try {
    return await runBareFanout(port, subscribers, frameBytes, SECONDS);
  } finally {
    peer.kill("SIGKILL");
  }
}

/** Resident growth of the server, a socket, once everything it holds for idle people has settled. */
async function idleSocketBytes(servers: Servers, people: readonly Person[]): Promise<number> {
  const perPerson = Math.ceil(IDLE_SOCKETS / people.length);
  const extra = await inParallel(people, async (person) => {
    const ids = Array.from({ length: perPerson - 1 }, newId);
    for (const id of ids) await registerDevice(servers, person.cookie, id, person.device.signatureKey);
    return [person.deviceId, ...ids].map((deviceId) => ({ ...person, deviceId }));
  });
  const pid = messengerPid(servers);
  await sleep(3000);
  const before = residentBytes(pid);
  const wires: Wire[] = [];
  await inParallel(
    extra.flat(),
    async (who) => void wires.push(await openSocket(servers.port, who, () => undefined)),
    32,
  );
  await sleep(30_000);
  const grown = residentBytes(pid) - before;
  for (const wire of wires) wire.close();
  return grown / wires.length;
}

/** `taskset` executes the server in its own place, so the child's pid is the server's. */
function messengerPid(servers: Servers): number {
  return servers.messenger.pid as number;
}

function insertSection(rates: InsertRates, best: number): string {
  const rows: Row[] = [
    ["one row a transaction, one connection", count(rates.single), ratio(best / rates.single)],
    ["one row a transaction, 64 connections", count(rates.connections64), ratio(best / rates.connections64)],
    ["64 callers, one flusher (group commit)", count(rates.group64), ratio(best / rates.group64)],
  ];
  return `## Beside the database itself\n\n${table(["durable inserts into the same PostgreSQL", "rows/s", "our acknowledged messages ÷ it"], rows)}`;
}

async function main(): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const directory = mkdtempSync(join(tmpdir(), "rempart-bench-"));
  const servers = await startServers(directory);
  try {
    const peopleNeeded = Math.max(2 * PAIRS, ...GROUP_SIZES);
    const names = Array.from({ length: peopleNeeded }, (_, i) => `person${i}`);
    const people = await inParallel(names, (name) => createPerson(servers, name));
    process.stderr.write(`${people.length} people have signed up\n`);

    const pairs = await inParallel(
      Array.from({ length: PAIRS }, (_, i) => people.slice(2 * i, 2 * i + 2)),
      (pair) => createRoom(servers, pair, TEXT_BYTES),
    );
    const bodyBytes = Math.floor(((pairs[0] as Room).body.length * 3) / 4);
    process.stderr.write("warming up\n");
    for (let round = 0; round < 2; round += 1) {
      await runLoad(servers.port, pairs, { inFlight: 4 }, QUICK ? 5 : 15);
      await checkpoint(servers);
    }
    const inserts = await measureInserts(servers.postgres.url, bodyBytes, SECONDS / 2);
    const scenarios = [
      await scenario(servers, `1:1, ${PAIRS} pairs, one in flight`, pairs, 1),
      await scenario(servers, `1:1, ${PAIRS} pairs, four in flight`, pairs, 4),
    ];
    for (const size of GROUP_SIZES) {
      const room = await createRoom(servers, people.slice(0, size), TEXT_BYTES);
      scenarios.push(
        await scenario(
          servers,
          `one group of ${size}, ${GROUP_IN_FLIGHT} in flight`,
          [room],
          GROUP_IN_FLIGHT,
        ),
      );
    }
    const insertsAfter = await measureInserts(servers.postgres.url, bodyBytes, SECONDS / 2);
    const frameBytes = (pairs[0] as Room).body.length + 300;
    const bare = { small: await bareFanout(100, 100), same: await bareFanout(100, frameBytes) };
    const idle = await idleSocketBytes(servers, people.slice(0, Math.ceil(IDLE_SOCKETS / 10)));

    const best = Math.max(...scenarios.slice(0, 2).map((result) => result.rate));
    const group100 = scenarios.find((result) => result.name.startsWith("one group of 100,"))?.deliveries ?? 0;
    const sections = [
      `Text of ${TEXT_BYTES} bytes, ${bodyBytes} bytes of MLS message, ${frameBytes} bytes of frame; ${ROUNDS} rounds of ${SECONDS} s, medians.`,
      `## Messages\n\n${table(
        [
          "scenario",
          "acknowledged/s",
          "deliveries/s",
          "ack p50 / p99 ms, saturated",
          "ack p50 / p99 ms, half load",
          "last delivery p50 / p99 ms, half load",
        ],
        scenarios.map(scenarioRow),
      )}`,
      insertSection(meanRates(inserts, insertsAfter), best),
      `## Beside a bare fan-out, 100 subscribers\n\n${table(
        ["what", "deliveries/s", "ours ÷ it"],
        [
          ["bare `ws`, 100-byte frames", count(bare.small), ratio(group100 / bare.small)],
          [`bare \`ws\`, ${frameBytes}-byte frames`, count(bare.same), ratio(group100 / bare.same)],
        ],
      )}`,
      `## Idle\n\n${count(IDLE_SOCKETS)} authenticated sockets: ${(idle / 1024).toFixed(1)} KiB each (resident memory).`,
      `## Against the aims\n\n${table(
        ["aim", "measured"],
        [
          ["acknowledged ≥ 0.3 of group commit", ratio(best / meanRates(inserts, insertsAfter).group64)],
          [
            "≥ 6 × ejabberd with PostgreSQL (1,900/s there)",
            `${ratio(best / EJABBERD_MESSAGES_PER_SECOND)} ×`,
          ],
          [
            "p99 of the acknowledgement at half load ≤ 10 ms (1:1)",
            `${typical((scenarios[0] as Scenario).half, "ackMs", 0.99)} ms`,
          ],
          [
            "deliveries ≥ 0.8 of the bare fan-out (100 subscribers)",
            `${ratio(group100 / bare.small)} (same frame size: ${ratio(group100 / bare.same)})`,
          ],
          ["≤ 12 KiB per idle socket", `${(idle / 1024).toFixed(1)} KiB`],
        ],
      )}`,
    ];
    if (QUICK) process.stdout.write(`${sections.join("\n\n")}\n`);
    else writeReport("messenger", "Messenger: durable messages and deliveries", sections);
  } finally {
    servers.messenger.kill("SIGTERM");
    await Promise.race([new Promise((resolve) => servers.messenger.once("exit", resolve)), sleep(5000)]);
    await servers.postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function meanRates(a: InsertRates, b: InsertRates): InsertRates {
  return {
    single: (a.single + b.single) / 2,
    connections64: (a.connections64 + b.connections64) / 2,
    group64: (a.group64 + b.group64) / 2,
  };
}

await main();
