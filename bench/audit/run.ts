/**
 * What the audit log costs: durable appends beside plain inserts, time until an entry is in a signed head, verification, proofs,
 * and bytes. `--large` measures appends before and after ten million entries instead, `--large=N` after another number.
 */
import { performance } from "node:perf_hooks";
import { LogReader, nodePrimitives, verifyFiles, verifyLog } from "@rempart/audit";
import { treeHash } from "@rempart/audit/verify";
import { count, median, quantile, ratio, table, writeReport } from "../lib/report.ts";
import { measureAppends, prepareTables, rateOf } from "./appends.ts";
import { fill } from "./large.ts";
import { requestOf, startWorld, type World } from "./world.ts";

const MILLION = 1_000_000;
const hash = treeHash(nodePrimitives.sha256);

/** Rounds until nothing is left to place. */
async function placeAll(world: World): Promise<number> {
  const sequencer = world.sequencer(3_600_000);
  const start = performance.now();
  while ((await sequencer.round()) !== null);
  await sequencer.stop();
  return (performance.now() - start) / 1_000;
}

/** Milliseconds from the commit of an entry to the head that holds it, at a held rate. */
async function inclusionTimes({ database, audit, objects, sequencer }: World): Promise<number[]> {
  const running = sequencer(1_000);
  const reader = new LogReader(objects, hash);
  const committed: number[] = [];
  const [base] = await database.query<{ entries: number }>("SELECT count(*) AS entries FROM audit_entries");
  const times: number[] = [];
  const end = performance.now() + 12_000;
  while (performance.now() < end) {
    const next = performance.now() + 10;
    await Promise.all(Array.from({ length: 5 }, () => audit.record(database, requestOf())));
    for (let i = 0; i < 5; i += 1) committed.push(performance.now());
    const size = (await reader.head())?.size ?? 0;
    while (times.length < size - (base?.entries ?? 0))
      times.push(performance.now() - (committed[times.length] as number));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  await running.stop();
  return times;
}

/** Microseconds of this process's CPU for an event, its query going nowhere. */
async function requestCpu({ audit }: World): Promise<number> {
  const nowhere = { query: async () => [] };
  const rounds: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    const start = process.cpuUsage();
    for (let i = 0; i < 5_000; i += 1) await audit.record(nowhere, requestOf());
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / 5_000);
  }
  return median(rounds.slice(2));
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

async function proofTimes({ objects }: World, size: number): Promise<number[]> {
  const reader = new LogReader(objects, hash);
  const times: number[] = [];
  for (let i = 0; i < 500; i += 1)
    times.push(1_000 * (await seconds(() => reader.inclusion(Math.floor(Math.random() * size), size))));
  return times;
}

async function verification(world: World): Promise<{ rows: [string, string][]; size: number }> {
  const { database, objects, policy } = world;
  const primitives = nodePrimitives;
  const size = (await new LogReader(objects, hash).head())?.size ?? 0;
  const tiles = await seconds(() => verifyFiles({ objects, primitives, policy, entries: false }));
  const files = await seconds(() => verifyFiles({ objects, primitives, policy }));
  const whole = await seconds(() => verifyLog({ database, objects, primitives, policy, now: Date.now() }));
  const proofs = await proofTimes(world, size);
  return {
    size,
    rows: [
      ["tiles alone: the hashes make the signed tree, entries/s", count(size / tiles)],
      ["files: and each published entry has its hash, entries/s", count(size / files)],
      ["database and files: and each row is what was signed, entries/s", count(size / whole)],
      [
        "inclusion proof from files, ms, median and p99",
        `${median(proofs).toFixed(2)}, ${quantile(proofs, 0.99).toFixed(2)}`,
      ],
    ],
  };
}

async function storage({ database }: World): Promise<string> {
  const [row] = await database.query<{ entries: number; heap: number; indexes: number; leaves: number }>(
    `SELECT count(*) AS entries, pg_table_size('audit_entries') AS heap, pg_indexes_size('audit_entries') AS indexes,
            pg_total_relation_size('audit_leaves') AS leaves FROM audit_entries`,
  );
  if (row === undefined) return "";
  const each = (bytes: number): string => count(bytes / row.entries);
  return `Bytes an entry: ${each(row.heap)} row, ${each(row.indexes)} its indexes, ${each(row.leaves)} its place; about 210 in the published files.`;
}

async function appendTable(world: World): Promise<string> {
  const rows: string[][] = [];
  for (const writers of [16, 64]) {
    const { bare, ordinary, recorded, recordedAlone, act, recordedAct } = await measureAppends(
      world,
      writers,
    );
    rows.push([
      String(writers),
      ...[bare, ordinary, recorded].map(count),
      ratio(recorded / bare),
      ratio(recorded / ordinary),
      count(recordedAlone),
      ratio(recordedAlone / bare),
      ...[act, recordedAct].map(count),
      ratio(recordedAct / act),
    ]);
  }
  const head = ["writers", "bare row/s", "ordinary audit row/s", "recorded/s", "÷ bare", "÷ ordinary"];
  return table([...head, "alone/s", "÷ bare", "act/s", "recorded act/s", "÷ act"], rows);
}

async function large(world: World, entries: number): Promise<string> {
  const record = () => world.audit.record(world.database, requestOf());
  const before = median([
    await rateOf(record, 64, 2),
    await rateOf(record, 64, 2),
    await rateOf(record, 64, 2),
  ]);
  await fill(world, entries, 250_000);
  const placing = await placeAll(world);
  await world.database.session((session) => session.query("VACUUM ANALYZE audit_entries"));
  await world.database.session((session) => session.query("CHECKPOINT").catch(() => []));
  await rateOf(record, 64, 2);
  const after = median([
    await rateOf(record, 64, 2),
    await rateOf(record, 64, 2),
    await rateOf(record, 64, 2),
  ]);
  const { objects, policy } = world;
  const size = (await new LogReader(objects, hash).head())?.size ?? 0;
  const tiles = await seconds(() =>
    verifyFiles({ objects, primitives: nodePrimitives, policy, entries: false }),
  );
  const proofs = await proofTimes(world, size);
  const page = await seconds(() => world.audit.query({}, { limit: 100 }));
  return table(
    ["", "before", `with ${count(size)} entries`],
    [
      ["appends/s, 64 writers", count(before), count(after)],
      ["÷ before", "", ratio(after / before)],
      ["placed and published, entries/s", "", count(entries / placing)],
      ["verified from tiles, entries/s", "", count(size / tiles)],
      [
        "inclusion proof, ms, median and p99",
        "",
        `${median(proofs).toFixed(2)}, ${quantile(proofs, 0.99).toFixed(2)}`,
      ],
      ["the newest hundred entries, ms", "", (page * 1_000).toFixed(1)],
    ],
  );
}

async function reportCosts(world: World): Promise<void> {
  await prepareTables(world);
  const cpu = await requestCpu(world);
  const appends = await appendTable(world);
  const placing = await placeAll(world);
  const { rows, size } = await verification(world);
  const times = await inclusionTimes(world);
  writeReport("audit", "Audit log", [
    "## Appends\n\nDurable (`fsync` on): each writer goes on when its row is committed. Bare and ordinary rows are committed one by one, each in a transaction; recorded ones in statements that `record` shares among writers without an act, two at a time, and alone in one each. A bare row has as many bytes as an entry's; the ordinary audit table has JSON and two indexes; an act is a transaction of two statements. Medians of rounds that take turns; client and database share the cores.",
    appends,
    `CPU of one request's event outside the database: ${cpu.toFixed(1)} µs, encryption of its personal part included.`,
    `## Places, proofs and verification\n\nOf ${count(size)} entries, placed and published at ${count(size / placing)} a second.`,
    table(["", ""], rows),
    `From commit to a signed head, at 400 entries a second and one round a second: median ${count(median(times))} ms, p99 ${count(quantile(times, 0.99))} ms.`,
    await storage(world),
  ]);
}

async function reportLarge(world: World, entries: number): Promise<void> {
  writeReport("audit-large", "Audit log with many entries", [
    "The bulk is made by the database itself, with random salts and commitments, in batches; the real sequencer places and publishes it.",
    await large(world, entries),
  ]);
}

const asked = process.argv.find((argument) => argument.startsWith("--large"));
await using world = await startWorld();
if (asked === undefined) await reportCosts(world);
else await reportLarge(world, Number(asked.split("=")[1] ?? 10 * MILLION));
