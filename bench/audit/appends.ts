/** Durable appends, beside what the same database does without the log. */
import { randomBytes, randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Queryable } from "@rempart/database";
import { median } from "../lib/report.ts";
import { requestOf, type World } from "./world.ts";

export interface AppendRates {
  /** A single-row INSERT of as many bytes into a table with a primary key. */
  readonly bare: number;
  /** One into the audit table that one would write without a log: JSON, and an index by type and by person. */
  readonly ordinary: number;
  /** With those that come meanwhile, in shared statements: what `record` does for a writer without an act. */
  readonly recorded: number;
  /** Each in a statement and a transaction of its own. */
  readonly recordedAlone: number;
  /** An act of two statements in a transaction, without and with its event. */
  readonly act: number;
  readonly recordedAct: number;
}

const ROUNDS = 3;
const SECONDS = 1;

export async function prepareTables({ database }: World): Promise<void> {
  await database.query(
    "CREATE TABLE bench_bare (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, body bytea NOT NULL)",
  );
  await database.query(
    `CREATE TABLE bench_ordinary (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, event_type text NOT NULL, user_id text,
       ip_address inet, body jsonb NOT NULL)`,
  );
  await database.query("CREATE INDEX ON bench_ordinary (event_type, created_at)");
  await database.query("CREATE INDEX ON bench_ordinary (user_id, created_at)");
}

export async function measureAppends(world: World, writers: number): Promise<AppendRates> {
  const { database, audit } = world;
  const size = await entryBytes(world);
  const bare = () =>
    database.query(
      "INSERT INTO bench_bare VALUES ($1, $2, $3)",
      [randomUUID(), new Date(), randomBytes(size)],
      { name: "bench-bare" },
    );
  const ordinary = () => {
    const { type, actor, request } = requestOf();
    return database.query(
      "INSERT INTO bench_ordinary VALUES ($1, $2, $3, $4, $5, $6)",
      [
        randomUUID(),
        new Date(),
        type,
        actor?.userId,
        actor?.address,
        JSON.stringify({ ...actor, ...request }),
      ],
      { name: "bench-ordinary" },
    );
  };
  const act = (recorded: boolean) => () =>
    database.transaction(async (tx) => {
      const values = [randomUUID(), new Date(), randomBytes(200)];
      await tx.query("INSERT INTO bench_bare VALUES ($1, $2, $3)", values, { name: "bench-bare" });
      await tx.query("UPDATE bench_bare SET created_at = now() WHERE id = $1", [values[0]], {
        name: "bench-act",
      });
      if (recorded) await audit.record(tx, requestOf());
    });
  const alone: Queryable = { query: database.query };
  const works = {
    bare,
    ordinary,
    recorded: () => audit.record(database, requestOf()),
    recordedAlone: () => audit.record(alone, requestOf()),
    act: act(false),
    recordedAct: act(true),
  };
  return interleaved(works, writers);
}

/** Median rates of works whose rounds take turns. */
async function interleaved<Name extends string>(
  works: Record<Name, () => Promise<unknown>>,
  writers: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(works) as Name[];
  const rates = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (const name of names) await rateOf(works[name], writers, 0.3);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const name of names) rates.get(name)?.push(await rateOf(works[name], writers, SECONDS));
  return Object.fromEntries(names.map((name) => [name, median(rates.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

export async function rateOf(
  work: () => Promise<unknown>,
  writers: number,
  seconds: number,
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1_000;
  let done = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < end) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return done / ((performance.now() - start) / 1_000);
}

/** What an entry's row holds, without the row's own header. */
async function entryBytes({ database }: World): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(
    "SELECT round(avg(pg_column_size(e.*)) - 24 - 24)::integer AS bytes FROM audit_entries e",
  );
  return row?.bytes ?? 0;
}
