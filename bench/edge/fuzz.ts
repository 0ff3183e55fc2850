/**
 * A million hostile requests through the `node` adapter: `node bench/edge/fuzz.ts` (REQUESTS and SEED change them; a seed
 * makes the same requests again). One process per core works through slices, each with the seed after the one before.
 * Exits with 1 at the first answer that is malformed, not hardened or a failure, and at anything that is thrown.
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { campaign } from "../../packages/edge/test/fuzz/campaign.ts";
import { LOAD_CORE, SERVER_CORE, spawnPinned } from "../lib/process.ts";
import { count, table, writeReport } from "../lib/report.ts";

interface Slice {
  readonly seed: number;
  readonly connections: number;
  readonly requests: number;
  readonly statuses: readonly (readonly [status: number, times: number])[];
}

const REQUESTS = Number(process.env.REQUESTS ?? 1_000_000);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const SLICE = 100_000;

async function work(seed: number): Promise<void> {
  const { statuses, ...tally } = await campaign({ seed, requests: SLICE });
  process.send?.({ seed, ...tally, statuses: [...statuses] } satisfies Slice);
}

async function run(core: number, seed: number): Promise<Slice> {
  const child = spawnPinned(core, process.execPath, [fileURLToPath(import.meta.url), String(seed)]);
  const told = once(child, "message") as Promise<[Slice]>;
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the process with seed ${seed} ended with ${code}`);
  });
  const [slice] = await Promise.race([told, ended]);
  await ended.catch(() => {});
  process.stderr.write(`seed ${seed}: ${count(slice.requests)} requests\n`);
  return slice;
}

async function runAll(): Promise<Slice[]> {
  const seeds = Array.from({ length: Math.ceil(REQUESTS / SLICE) }, (_, i) => SEED + i);
  const slices: Slice[] = [];
  const lane = async (core: number): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift())
      slices.push(await run(core, seed));
  };
  await Promise.all([lane(SERVER_CORE), lane(LOAD_CORE)]);
  return slices;
}

function report(slices: readonly Slice[]): void {
  const times = new Map<number, number>();
  for (const { statuses } of slices)
    for (const [status, own] of statuses) times.set(status, (times.get(status) ?? 0) + own);
  const total = (of: "requests" | "connections"): number => slices.reduce((sum, slice) => sum + slice[of], 0);
  const rows = [...times].sort(([a], [b]) => a - b);
  writeReport("edge-fuzz", "Edge: hostile requests", [
    `${count(total("requests"))} generated requests on ${count(total("connections"))} connections to the \`node\` adapter with redirects, CORS, versions, limits, CSRF, experiments and a blocking detector on, seeds ${SEED} to ${SEED + slices.length - 1}. No process ended, nothing was thrown past the edge, no answer was malformed to the letter of RFC 9112, lacked a security header, had a header nobody meant to send, or was a failure (5xx); observers were told of each.`,
    table(
      ["status", "answers"],
      rows.map(([status, own]) => [status === 0 ? "closed without an answer" : status, count(own)]),
    ),
  ]);
}

const [, , slice] = process.argv;
if (slice === undefined) report(await runAll());
else {
  await work(Number(slice));
  process.disconnect?.();
}
