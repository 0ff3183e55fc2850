/** What a request pays for being followed and logged: the process's own part, without a network. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger, NO_TRACING, openTracing, type Tracing } from "@rempart/observability/telemetry";
import { pino } from "pino";
import { median, table, writeReport } from "../lib/report.ts";

const ROUNDS = 7;
const REQUESTS = 20_000;
const FACTS = { method: "GET", header: () => undefined, repeated: () => false };
const OUTCOME = { route: "/users/:id", status: 200, code: null, aborted: false };

/** A handler that waits five times, as one that asks a database does. */
async function handler(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await null;
}

async function nanosecondsOf(work: (index: number) => Promise<void>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = process.hrtime.bigint();
    for (let i = 0; i < REQUESTS; i += 1) await work(i);
    rounds.push(Number(process.hrtime.bigint() - startedAt) / REQUESTS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return median(rounds);
}

function followed(tracing: Tracing): () => Promise<void> {
  return async () => {
    const request = tracing.requests.begin(FACTS, "0198f0e2-7c1a-7b3e-9f00-123456789abc");
    await request.run(async () => {
      tracing.statement?.("SELECT 1", undefined)();
      await handler();
    });
    request.end(OUTCOME);
  };
}

/** What a frame costs, that is answered at once. */
function framed(tracing: Tracing): () => Promise<void> {
  const origin = { requestId: "0198f0e2-7c1a-7b3e-9f00-123456789abc" };
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return async () => tracing.message("ping", origin, () => undefined, traceparent);
}

const receiver = createServer((request, response) => {
  request.resume().on("end", () => response.setHeader("Content-Type", "application/json").end("{}"));
});
await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const endpoint = new URL(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);

const bare = await nanosecondsOf(handler);
const off = await nanosecondsOf(followed(NO_TRACING));
const bareFrame = await nanosecondsOf(async () => undefined);
const frameOff = await nanosecondsOf(framed(NO_TRACING));
const unrecorded = await openTracing({ endpoint, serviceName: "bench", ratio: 0 });
const none = await nanosecondsOf(followed(unrecorded));
const frameUnrecorded = await nanosecondsOf(framed(unrecorded));
await unrecorded.close();
const recording = await openTracing({ endpoint, serviceName: "bench" });
const all = await nanosecondsOf(followed(recording));
const frameRecorded = await nanosecondsOf(framed(recording));
await recording.close();
receiver.close();
receiver.closeAllConnections();

const destination = { write: () => {} };
const plain = pino({ base: null }, destination);
const masked = createLogger({ level: "info", destinations: { application: destination } });
const fields = {
  requestId: "0198f0e2-7c1a-7b3e-9f00-123456789abc",
  method: "GET",
  route: "/users/:id",
  status: 200,
  ms: 12.5,
};
const pinoLine = await nanosecondsOf(async () => plain.info(fields, "request"));
const maskedLine = await nanosecondsOf(async () => masked.info(fields, "request"));
const unwritten = await nanosecondsOf(async () => masked.debug(fields, "request"));

const µs = (nanoseconds: number): string => (nanoseconds / 1_000).toFixed(2);
writeReport("telemetry", "Following and logging a request", [
  `${ROUNDS} rounds of ${REQUESTS.toLocaleString("en-US")}, the median. A request is a handler that waits five times, one after the other.`,
  table(
    ["one request", "µs", "more than not followed, µs"],
    [
      ["not followed", µs(bare), "-"],
      ["traces off: log lines know their request", µs(off), µs(off - bare)],
      ["traces on, this one not recorded", µs(none), µs(none - bare)],
      ["traces on, recorded with one statement and exported", µs(all), µs(all - bare)],
    ],
  ),
  table(
    ["one frame of a socket, with a context of its own", "µs more than not followed"],
    [
      ["traces off: log lines know their request", µs(frameOff - bareFrame)],
      ["traces on, this one not recorded", µs(frameUnrecorded - bareFrame)],
      ["traces on, recorded and exported", µs(frameRecorded - bareFrame)],
    ],
  ),
  table(
    ["one log line of five fields", "µs"],
    [
      ["pino alone", µs(pinoLine)],
      ["masked, with its class and its request", µs(maskedLine)],
      ["below the level", µs(unwritten)],
    ],
  ),
]);
