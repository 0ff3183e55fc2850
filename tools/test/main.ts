import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startTestServer } from "@rempart/testing";
import { ROOT } from "../repository.ts";
import { discover } from "./discover.ts";
import { createReport, type Report } from "./report.ts";
import { runAgain, runFiles } from "./run-files.ts";

const FILE_LIMIT_MS = 480_000;
/** Each file is a process of its own, which otherwise strips and compiles the same sources again. */
const COMPILE_CACHE = join(ROOT, "node_modules", ".cache", "compile");

export async function main(filters: readonly string[]): Promise<number> {
  const files = discover(ROOT, filters);
  const report = createReport(process.stdout);
  await using server = await testServer(files);
  const signal = stopOnSignal();
  const env = {
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...process.env,
    TEST_DATABASE_URL: server.url,
    NODE_NO_WARNINGS: "1",
  };
  const options = { concurrency: concurrency(), timeoutMs: FILE_LIMIT_MS, env, report, signal };
  await runFiles(files, options);
  // Who names a file wants to see it fail.
  if (filters.length === 0) await runAgain(options);
  return conclude(report, signal);
}

/** A runner-wide server unless one was given. Starting it costs half a second: cheaper than one for each file. */
async function testServer(files: readonly string[]): Promise<{ url: string } & AsyncDisposable> {
  const given = process.env.TEST_DATABASE_URL;
  if (given || files.length === 0) {
    return { url: given ?? "", [Symbol.asyncDispose]: async () => {} };
  }
  const server = await startTestServer();
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}

/** Two files at a time on two cores; never fewer, for tests that wait leave the core idle. */
function concurrency(): number {
  return Math.max(2, availableParallelism());
}

function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  process.once("disconnect", () => controller.abort());
  // Listening for its end would keep us alive for the sake of the channel alone.
  process.channel?.unref();
  return controller.signal;
}

function conclude(report: Report, signal: AbortSignal): number {
  const total = report.conclude(signal.aborted);
  const nothing = total.passed + total.failed === 0;
  if (nothing) process.stdout.write("No test ran: check the arguments.\n");
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed > 0 || nothing || signal.aborted ? 1 : 0;
}
