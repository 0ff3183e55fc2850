import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureWebClient } from "./build.mjs";
import { SetupError } from "./error.mjs";
import { hold } from "./hold.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, RUNTIME } from "./paths.mjs";
import { createProgress } from "./progress.mjs";
import { supervise } from "./supervise.mjs";

/**
 * Each command: what must be installed, whether it needs the web client, and what to run. `args` are what the person
 * added after `--`.
 */
const COMMANDS = {
  start: { mode: "run", web: true, run: (args) => ["apps/cli/src/main.ts", "up", ...args] },
  dev: { mode: "full", web: false, run: (args) => ["tools/dev.ts", ...args] },
  test: { mode: "full", web: true, run: (args) => ["tools/test.ts", ...args] },
  check: { mode: "full", web: false, run: (args) => ["tools/check.ts", ...args] },
  bench: { mode: "full", web: false, run: (args) => benchmark(args) },
};

/** @param {readonly string[]} argv @returns {Promise<number>} the exit code */
export async function main(argv) {
  const [name = "start", ...args] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    return fail(`Unknown command "${name}". Known: ${Object.keys(COMMANDS).join(", ")}.`);
  try {
    const entry = command.run(args);
    await prepare(command);
    return await supervise(RUNTIME, entry, { cwd: ROOT });
  } catch (error) {
    if (error instanceof SetupError) return fail(error.message, error.exitCode);
    throw error;
  }
}

/** Two starts at once must not install or build over each other: the second waits for the first. */
async function prepare({ mode, web }) {
  const progress = createProgress(process.stderr);
  const release = await hold("setup", progress);
  try {
    await ensureInstalled(mode, progress);
    if (web) await ensureWebClient(progress);
  } finally {
    release();
  }
}

function benchmark([name, ...args]) {
  const entry =
    name === undefined
      ? undefined
      : [`bench/${name}.ts`, `bench/${name}/run.ts`].find((path) => existsSync(join(ROOT, path)));
  if (entry === undefined)
    throw new SetupError(
      "Say which benchmark: npm run bench -- <name>. The names are the folders of bench/.",
    );
  return [entry, ...args];
}

function fail(message, exitCode = 1) {
  process.stderr.write(`${message}\n`);
  return exitCode;
}
