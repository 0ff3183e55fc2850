/**
 * The cost of a hardened reverse proxy: `node bench/gateway/run.ts` (Linux; `wrk`, `nginx` and `taskset` on the PATH).
 * Each proxy runs alone, pinned to one core, in front of one bare upstream that shares the other core with the load; rounds
 * are interleaved and medians reported. CPU is the proxy's own, with its children, from /proc.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort, requireService } from "@rempart/testing";
import { ITEM } from "../edge/item.ts";
import { LOAD_CORE, SERVER_CORE, treeCpuSeconds } from "../lib/process.ts";
import { count, median, ratio, table, writeReport } from "../lib/report.ts";
import { nginxConfiguration } from "./nginx.ts";

/** A script of ours that tells its port, `nginx`, or nothing at all. */
interface Stack {
  readonly name: string;
  readonly script: string | "nginx" | null;
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
  /** At one connection, in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

const CONNECTIONS = 32;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 3);
const WARM_UP_SECONDS = 1;
const PATH = "/api/v1/items/7";

const DIRECT: Stack = { name: "the upstream itself", script: null };
const GATEWAY: Stack = { name: "**Rempart gateway**, fully hardened", script: "servers/gateway.ts" };
const NGINX: Stack = { name: "nginx (limit_req, add_header)", script: "nginx" };
const STACKS: readonly Stack[] = [
  DIRECT,
  GATEWAY,
  NGINX,
  { name: "hand-written on undici, no hardening", script: "peers/undici.mjs" },
  { name: "Fastify http-proxy + helmet, cors, rate-limit, pino, prom-client", script: "peers/fastify.mjs" },
];

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "bench-gateway-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function startPinned(
  core: number,
  command: readonly string[],
  env: Record<string, string> = {},
): ChildProcess {
  const log = openSync(join(folder, "access.log"), "w");
  const child = spawn("taskset", ["-c", String(core), ...command], {
    stdio: ["ignore", log, "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production", ...env },
  });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function startScript(core: number, script: string, env?: Record<string, string>): Promise<Started> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = startPinned(core, [process.execPath, path], env);
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}

async function startNginx(program: string, upstream: string): Promise<Started> {
  const port = await freePort();
  const configuration = join(folder, "nginx.conf");
  writeFileSync(configuration, nginxConfiguration(port, upstream, folder));
  const child = startPinned(SERVER_CORE, [program, "-c", configuration, "-p", folder]);
  for (let i = 0; i < 100 && !(await answers(port)); i += 1) await sleep(50);
  return { child, port };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await (await fetch(`http://127.0.0.1:${port}${PATH}`)).text()) === ITEM;
  } catch {
    return false;
  }
}

async function load(port: number, connections: number, seconds: number) {
  const { stdout } = await run("taskset", [
    ...["-c", String(LOAD_CORE), "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency"],
    ...["-H", "Origin: https://app.example.com", `http://127.0.0.1:${port}${PATH}`],
  ]);
  const requests = /(\d+) requests in/.exec(stdout);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout);
  if (requests === null || rate === null || stdout.includes("Non-2xx"))
    throw new Error(`wrk said:\n${stdout}`);
  const [p50, p99] = [latencyOf(stdout, 50), latencyOf(stdout, 99)];
  return { requests: Number(requests[1]), perSecond: Number(rate[1]), p50, p99 };
}

/** In microseconds. */
function latencyOf(stdout: string, percentile: number): number {
  const found = new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s)\\b`).exec(stdout);
  if (found === null) throw new Error(`wrk said:\n${stdout}`);
  const scale = { us: 1, ms: 1e3, s: 1e6 }[found[2] as "us" | "ms" | "s"];
  return Number(found[1]) * scale;
}

async function measure(stack: Stack, behind: Started, nginx: string | undefined): Promise<Sample> {
  const upstream = `http://127.0.0.1:${behind.port}`;
  const upstreamPid = behind.child.pid as number;
  if (stack.script === null) return sampled(behind.port, null, upstreamPid);
  const started =
    stack.script === "nginx"
      ? await startNginx(nginx as string, upstream)
      : await startScript(SERVER_CORE, stack.script, { UPSTREAM: upstream });
  try {
    if (!(await answers(started.port))) throw new Error(`${stack.name} does not answer`);
    return await sampled(started.port, started.child.pid as number, upstreamPid);
  } finally {
    const ended = once(started.child, "exit");
    started.child.kill("SIGTERM");
    await ended;
  }
}

async function sampled(port: number, pid: number | null, upstream: number): Promise<Sample> {
  await load(port, CONNECTIONS, WARM_UP_SECONDS);
  const before = pid === null ? 0 : treeCpuSeconds(pid);
  const { requests, perSecond } = await load(port, CONNECTIONS, SECONDS);
  const cpu = pid === null ? 0 : treeCpuSeconds(pid) - before;
  // Beside the proxy, the upstream is as far from the load as it is by itself.
  await moveTo(SERVER_CORE, upstream);
  const { p50, p99 } = await load(port, 1, Math.max(1, SECONDS - 1));
  await moveTo(LOAD_CORE, upstream);
  return { perSecond, cpuMicros: (cpu * 1e6) / requests, p50, p99 };
}

async function moveTo(core: number, pid: number): Promise<void> {
  await run("taskset", ["-a", "-cp", String(core), String(pid)]);
}

function middle(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return median(samples.map(of));
}

function rows(stacks: readonly Stack[], samples: ReadonlyMap<Stack, readonly Sample[]>): string[][] {
  const own = (stack: Stack, of: (sample: Sample) => number): number => middle(samples.get(stack) ?? [], of);
  const nginxMicros = samples.has(NGINX) ? own(NGINX, ({ cpuMicros }) => cpuMicros) : null;
  const added = (stack: Stack, of: (sample: Sample) => number): string =>
    stack === DIRECT ? `(${own(stack, of).toFixed(0)})` : (own(stack, of) - own(DIRECT, of)).toFixed(0);
  return stacks.map((stack) => {
    const cpu = own(stack, ({ cpuMicros }) => cpuMicros);
    const least = Math.min(...(samples.get(stack) ?? []).map(({ cpuMicros }) => cpuMicros));
    return [
      stack.name,
      count(own(stack, ({ perSecond }) => perSecond)),
      stack === DIRECT ? "–" : `${cpu.toFixed(1)} (${least.toFixed(1)})`,
      stack === DIRECT || nginxMicros === null ? "–" : ratio(cpu / nginxMicros),
      added(stack, ({ p50 }) => p50),
      added(stack, ({ p99 }) => p99),
    ];
  });
}

const HEAD = ["proxy", "req/s", "CPU µs/req (least)", "× nginx", "added p50, µs", "added p99, µs"];

const nginx = await requireService("nginx");
const withPeers = existsSync(new URL("peers/node_modules", import.meta.url));
if (!withPeers) process.stderr.write("without the peers: run `npm ci` in bench/gateway/peers first\n");
const stacks = STACKS.filter(({ script }) =>
  script === "nginx" ? nginx.path !== undefined : withPeers || !script?.startsWith("peers/"),
);
const upstream = await startScript(LOAD_CORE, "../edge/servers/bare.ts");
const samples = new Map<Stack, Sample[]>(stacks.map((stack) => [stack, []]));
for (let round = 1; round <= ROUNDS; round += 1) {
  process.stderr.write(`round ${round} of ${ROUNDS}\n`);
  for (const stack of stacks) samples.get(stack)?.push(await measure(stack, upstream, nginx.path));
}
upstream.child.kill("SIGKILL");

writeReport("gateway", "Gateway: the cost of a hardened reverse proxy", [
  `\`GET\` of a JSON body of ${Buffer.byteLength(ITEM)} bytes from one bare \`node:http\` upstream, wrk with ${CONNECTIONS} connections and an allowed \`Origin\`; one core for the proxy, the other for the load and the upstream. ${ROUNDS} interleaved rounds of ${SECONDS} s: medians, and in brackets the least of the rounds. Latency is of one connection, with the upstream on the proxy's core, less that of the upstream alone (in brackets: its own). Duties of the hardened: security headers with a CSP nonce per response, CORS allow-list, limit per address, request id, counter and duration histogram, one JSON access line. nginx has no nonce, counter or histogram; the gateway also sends the limit's fields, rewrites the forwarding fields, watches time-outs, the circuit and the health of its targets.`,
  table(HEAD, rows(stacks, samples)),
]);
