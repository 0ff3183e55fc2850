import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@rempart/database";
import { silentLogger } from "@rempart/runtime";
import { scratchPlace } from "./scratch-place.ts";

export interface TestServer {
  /** Of a role that may create databases. */
  url: string;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

const PREFIX = "rempart-test-";
/** On, as tests want to read, but not in the middle of one: it changes what they count, and holds a database that is dropped. */
const NEVER = "1d";

/**
 * An embedded server for tests: its data live in memory or in the temporary directory and are not durable. A test runner
 * starts one for all its processes and hands them the address in `TEST_DATABASE_URL`.
 */
export async function startTestServer(): Promise<TestServer> {
  const { server, directory } = await launch();
  return { url: server.url, stop: () => stop(server, directory) };
}

let shared: Promise<string> | undefined;

/** The address of the runner's server; without a runner, of one that this process starts and that ends with it. */
export function testServerUrl(): Promise<string> {
  shared ??= process.env.TEST_DATABASE_URL ? Promise.resolve(process.env.TEST_DATABASE_URL) : startOwn();
  return shared;
}

async function startOwn(): Promise<string> {
  const { server, directory } = await launch();
  server.unref();
  // The event loop is empty but for the server: stopping it here keeps the loop alive until its files are gone.
  process.once("beforeExit", () => stop(server, directory));
  return server.url;
}

async function launch(): Promise<{ server: EmbeddedPostgres; directory: string }> {
  const place = await scratchPlace();
  await removeAbandoned(place);
  const directory = await mkdtemp(join(place, `${PREFIX}${process.pid}-`));
  const home = join(directory, "postgres");
  // The server's account must be able to pass when we are root; the database below it stays closed.
  await chmod(directory, 0o711);
  const server = await startEmbeddedPostgres({
    directory: home,
    durable: false,
    log: silentLogger,
    settings: async () => ({ autovacuum_naptime: NEVER }),
  });
  return { server, directory };
}

async function stop(server: EmbeddedPostgres, directory: string): Promise<void> {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}

/** Removes what killed processes left behind. */
async function removeAbandoned(place: string): Promise<void> {
  for (const entry of await readdir(place)) {
    const owner = /^rempart-test-(\d+)-/.exec(entry)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(join(place, entry), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
