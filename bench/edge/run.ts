/**
 * The cost of a hardened HTTP route: `node bench/edge/run.ts` (Linux, `wrk` and `taskset` on the PATH).
 * Each server runs alone, pinned to one core, with the load on the other; rounds are interleaved and medians reported.
 * CPU is the server's own `process.cpuUsage()` over the requests of the same seconds. `--duties` measures instead what each
 * duty costs by itself.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LOAD_CORE, SERVER_CORE } from "../lib/process.ts";
import { count, median, ratio, table, writeReport } from "../lib/report.ts";
import { ITEM } from "./item.ts";

interface Stack {
  readonly name: string;
  readonly script: string;
  /** The stack whose cost is subtracted to see the hardening alone. */
  readonly without: string;
  readonly duties?: string;
  /** Log lines in batches, where that is not the default. */
  readonly batchedLog?: true;
  /** The load sends a JSON body of 1 kB. */
  readonly posts?: true;
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

interface Result extends Sample {
  /** Other work on the machine only ever adds to a figure: the least is the better estimate on a shared one. */
  readonly leastCpuMicros: number;
}

const CONNECTIONS = 32;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 3);
const WARM_UP_SECONDS = 1;

const STACKS: readonly Stack[] = [
  { name: "bare `node:http`", script: "servers/bare.ts", without: "bare `node:http`" },
  { name: "**Rempart, `node` adapter**", script: "servers/node.ts", without: "bare `node:http`" },
  { name: "bare Hono", script: "servers/hono-bare.ts", without: "bare Hono" },
  { name: "**Rempart, `hono` adapter**", script: "servers/hono.ts", without: "bare Hono" },
  { name: "bare Fastify", script: "peers/fastify-bare.mjs", without: "bare Fastify" },
  {
    name: "Fastify + helmet, cors, rate-limit, pino, prom-client, schema",
    script: "peers/fastify.mjs",
    without: "bare Fastify",
  },
  {
    name: "the same, log lines in batches",
    script: "peers/fastify.mjs",
    without: "bare Fastify",
    batchedLog: true,
  },
  { name: "bare Express", script: "servers/express-bare.ts", without: "bare Express" },
  { name: "**Rempart, `express` adapter**", script: "servers/express.ts", without: "bare Express" },
  {
    name: "**Rempart, `node` adapter around Express**",
    script: "servers/express-inside.ts",
    without: "bare Express",
  },
  {
    name: "Express + helmet, cors, express-rate-limit, pino-http, prom-client, zod",
    script: "peers/express.mjs",
    without: "bare Express",
  },
  {
    name: "Hono + secureHeaders, cors, hono-rate-limiter, pino, prom-client, zod",
    script: "peers/hono.mjs",
    without: "bare Hono",
  },
];

const NO_DUTY = "checks alone (id, Host, sizes, CSRF)";
const DUTIES: readonly Stack[] = [
  [NO_DUTY, "none"],
  ["with headers", "headers"],
  ["with headers and a nonce", "headers,nonce"],
  ["with CORS", "cors"],
  ["with the rate limit", "limit"],
  ["with metrics", "metrics"],
  ["with the log line", "log"],
  ["with the detector, reporting", "detector"],
].map(([name, duties]) => ({
  name: name as string,
  script: "servers/node.ts",
  without: NO_DUTY,
  duties: duties as string,
}));
const BODIES: readonly Stack[] = [
  ["`POST` of 1 kB, read and parsed", "none"],
  ["and shown to the detector, target and body", "detector"],
].map(([name, duties]) => ({
  name: name as string,
  script: "servers/node-body.ts",
  without: "`POST` of 1 kB, read and parsed",
  duties: duties as string,
  posts: true as const,
}));

const run = promisify(execFile);
const logs = mkdtempSync(join(tmpdir(), "bench-edge-"));
process.on("exit", () => rmSync(logs, { recursive: true, force: true }));

async function start(stack: Stack): Promise<{ child: ChildProcess; port: number }> {
  const script = fileURLToPath(new URL(stack.script, import.meta.url));
  const log = openSync(join(logs, "access.log"), "w");
  const child = spawn("taskset", ["-c", String(SERVER_CORE), process.execPath, script], {
    stdio: ["ignore", log, "inherit", "ipc"],
    env: {
      ...process.env,
      NODE_ENV: "production",
      ...(stack.duties && { DUTIES: stack.duties }),
      ...(stack.batchedLog && { LOG: "batched" }),
    },
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}

async function cpuMicros(child: ChildProcess): Promise<number> {
  const answer = once(child, "message") as Promise<[{ cpu: NodeJS.CpuUsage }]>;
  child.send("cpu");
  const [{ cpu }] = await answer;
  return cpu.user + cpu.system;
}

async function load(
  port: number,
  seconds: number,
  { posts }: Stack,
): Promise<{ requests: number; perSecond: number }> {
  const url = `http://127.0.0.1:${port}/api/v1/items/7`;
  const wrk = [
    "wrk",
    "-t1",
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    "-H",
    "Origin: https://app.example.com",
    ...(posts ? ["-s", fileURLToPath(new URL("post.lua", import.meta.url))] : []),
    url,
  ];
  const { stdout } = await run("taskset", ["-c", String(LOAD_CORE), ...wrk]);
  const requests = /(\d+) requests in/.exec(stdout);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout);
  if (requests === null || rate === null || stdout.includes("Non-2xx"))
    throw new Error(`wrk said:\n${stdout}`);
  return { requests: Number(requests[1]), perSecond: Number(rate[1]) };
}

async function checkAnswer(stack: Stack, port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/items/7`);
  const body = await response.text();
  if (body !== ITEM) throw new Error(`${stack.name} answers ${body}`);
}

async function measure(stack: Stack): Promise<Sample> {
  const { child, port } = await start(stack);
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    await checkAnswer(stack, port);
    await load(port, WARM_UP_SECONDS, stack);
    const before = await cpuMicros(child);
    const { requests, perSecond } = await load(port, SECONDS, stack);
    return { perSecond, cpuMicros: ((await cpuMicros(child)) - before) / requests };
  } finally {
    process.off("exit", kill);
    kill();
    await once(child, "exit");
  }
}

async function measureAll(stacks: readonly Stack[]): Promise<Map<string, Result>> {
  const samples = new Map<string, Sample[]>(stacks.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    for (const stack of stacks) samples.get(stack.name)?.push(await measure(stack));
  }
  return new Map([...samples].map(([name, values]) => [name, middle(values)]));
}

function middle(samples: readonly Sample[]): Result {
  const micros = samples.map((sample) => sample.cpuMicros);
  return {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpuMicros: median(micros),
    leastCpuMicros: Math.min(...micros),
  };
}

function micros(median: number, least: number): string {
  return `${median.toFixed(1)} (${least.toFixed(1)})`;
}

function rows(stacks: readonly Stack[], results: ReadonlyMap<string, Result>, ceiling: string): string[][] {
  const resultOf = (name: string): Result => results.get(name) as Result;
  return stacks.map((stack) => {
    const own = resultOf(stack.name);
    const base = resultOf(stack.without);
    const added = micros(own.cpuMicros - base.cpuMicros, own.leastCpuMicros - base.leastCpuMicros);
    return [
      stack.name,
      count(own.perSecond),
      ratio(own.perSecond / resultOf(ceiling).perSecond),
      micros(own.cpuMicros, own.leastCpuMicros),
      own === base ? "–" : added,
    ];
  });
}

const BARE = "bare `node:http`";
const HEAD = ["stack", "req/s", `× ${BARE}`, "CPU µs/req (least)", "of which hardening (least)"];
const DUTY_HEAD = [`\`node\` adapter`, "req/s", "× without", "CPU µs/req (least)", "this duty alone (least)"];

const METHOD = `\`GET\` of a JSON body of ${Buffer.byteLength(ITEM)} bytes, wrk with ${CONNECTIONS} connections and an allowed \`Origin\`; one core for the server, the other for the load. ${ROUNDS} interleaved rounds of ${SECONDS} s: medians, and in brackets the least of the rounds, since other work on the machine only ever adds. A server slower than its load leaves wrk waiting, and waking it again is the server's CPU: on a virtual machine 2 to 4 µs of a request that a bare server, which keeps wrk busy, does not pay.`;

async function compareStacks(): Promise<void> {
  const withPeers = existsSync(new URL("peers/node_modules", import.meta.url));
  if (!withPeers) process.stderr.write("without the peers: run `npm ci` in bench/edge/peers first\n");
  const stacks = STACKS.filter(({ script }) => withPeers || !script.startsWith("peers/"));
  writeReport("edge", "Edge: the cost of a hardened route", [
    METHOD,
    "Duties of each hardened stack: security headers with a CSP nonce per response, CORS allow-list, rate limit per address with its headers, request id, counter and duration histogram (prom-client), one JSON access line, parameter validation. Rempart also checks Host, sizes and CSRF, and sends two headers more. Access lines go to a file: Rempart's own writer batches them (16 kB, 100 ms); pino writes each at once, as it does by default, or in batches of 8 kB where the row says so.",
    table(HEAD, rows(stacks, await measureAll(stacks), BARE)),
  ]);
}

async function compareDuties(): Promise<void> {
  const results = await measureAll([...DUTIES, ...BODIES]);
  writeReport("edge-duties", "Edge: what each duty costs by itself", [
    `${METHOD} Each row is that duty alone beside the checks that are always there.`,
    table(DUTY_HEAD, [
      ...rows(DUTIES, results, NO_DUTY),
      ...rows(BODIES, results, BODIES[0]?.name as string),
    ]),
  ]);
}

await (process.argv.includes("--duties") ? compareDuties() : compareStacks());
