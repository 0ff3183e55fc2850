/**
 * `npm run dev`: rebuilds the web client and restarts the server when their sources change. The pages come from the server
 * itself, under the same content security policy as in production, so nothing works here that would fail there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./repository.ts";

const WATCHED = ["packages", "apps/messenger/server", "apps/messenger/web/dist"];

const children = [
  start(["node_modules/vite/bin/vite.js", "build", "--watch", "--logLevel", "warn", "apps/messenger/web"]),
  start([
    ...WATCHED.map((path) => `--watch-path=${path}`),
    "--watch-preserve-output",
    "apps/cli/src/main.ts",
    "up",
  ]),
];

for (const signal of ["SIGINT", "SIGTERM", "disconnect"] as const) process.once(signal, stop);
for (const child of children) child.once("exit", stop);
// Listening for its end would keep us alive for the sake of the channel alone.
process.channel?.unref();

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
}

/** One without the other is of no use: the first to end takes both down. */
function stop(): void {
  process.exitCode = 0;
  for (const child of children) child.kill("SIGTERM");
}

process.stdout.write(`Watching ${WATCHED.map((path) => join(ROOT, path)).join(", ")}.\n`);
