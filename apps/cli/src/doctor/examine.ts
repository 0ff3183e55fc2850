import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createDatabase } from "@rempart/database";
import { credentialFile } from "@rempart/keys";
import type { DatabaseConfig, MessengerConfig } from "@rempart/messenger-server/operator";
import { protectionOf } from "../backup/protection.ts";
import { type Finding, failed, type Judged, look, ok, warning } from "../finding.ts";

const OLDEST_NODE = 26;
const LEAST_FREE_BYTES = 500_000_000;
const DATABASE_LIMIT_MS = 5_000;

/** Looks at everything a start depends on and changes nothing. Never rejects: what cannot be looked at has failed. */
export async function examine(config: MessengerConfig): Promise<Finding[]> {
  const { host, port, webDirectory } = config.public;
  return Promise.all([
    look("Node", async () => nodeVersion()),
    look("public port", () => portFree(host, port)),
    look("administration port", () => portFree(config.admin.host, config.admin.port)),
    ...(config.database.kind === "embedded"
      ? [
          look("data directory", embedded(config.database.directory, writable)),
          look("disk", embedded(config.database.directory, freeSpace)),
        ]
      : [look("database", reachable(config.database))]),
    look("web client", () => built(webDirectory)),
    look("backups", async () => backedUp(config)),
  ]);
}

function nodeVersion(): Judged {
  const version = process.versions.node;
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return ok(version);
  return failed(`${version}; the source needs ${OLDEST_NODE} or newer: start through npm`);
}

/** By listening on it for a moment; port 0 is always free. */
async function portFree(host: string, port: number): Promise<Judged> {
  const server = createServer();
  const { promise, resolve: done } = Promise.withResolvers<Judged>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    done(failed(error.code === "EADDRINUSE" ? `${host}:${port} is taken by another process` : error.message));
  });
  server.listen(port, host, () => server.close(() => done(ok(`${host}:${port} is free`))));
  return promise;
}

function embedded(directory: string, judge: (existing: string, wanted: string) => Promise<Judged>) {
  return async (): Promise<Judged> => {
    const wanted = resolve(directory);
    return judge(await nearestExisting(wanted), wanted);
  };
}

/** The data directory is made on the first start: until then its nearest parent tells what will happen. */
async function nearestExisting(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found !== null || dirname(path) === path) return path;
  return nearestExisting(dirname(path));
}

async function writable(existing: string, wanted: string): Promise<Judged> {
  if (!(await stat(existing)).isDirectory()) return failed(`${existing} is not a directory`);
  await access(existing, constants.W_OK | constants.X_OK);
  return ok(existing === wanted ? wanted : `${wanted} (will be made)`);
}

async function freeSpace(existing: string): Promise<Judged> {
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const text = `${(free / 1e9).toFixed(1)} GB free`;
  return free >= LEAST_FREE_BYTES ? ok(text) : warning(`${text}; less than 0.5 GB will not last`);
}

function reachable(config: Exclude<DatabaseConfig, { kind: "embedded" }>) {
  return async (): Promise<Judged> => {
    const url = config.kind === "url" ? config.url : await credentialFile(config.path).read();
    const database = createDatabase({ url: url.reveal(), poolSize: 1, connectTimeoutMs: DATABASE_LIMIT_MS });
    try {
      const rows = await database.query<{ server_version: string }>("SHOW server_version");
      return ok(`PostgreSQL ${rows[0]?.server_version}`);
    } finally {
      await database.close();
    }
  };
}

function backedUp(config: MessengerConfig): Judged {
  const { scheduled, text } = protectionOf(config);
  return scheduled ? ok(text) : warning(text);
}

async function built(directory: string): Promise<Judged> {
  const found = await stat(join(directory, "index.html")).catch(() => null);
  return found === null
    ? failed(`not built in ${directory}: start through npm, which builds it`)
    : ok(directory);
}
