import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database, startEmbeddedPostgres } from "@rempart/database";
import { ENVELOPE_COLUMNS } from "@rempart/messenger-server";
import { scratchPlace, until } from "@rempart/testing";
import { type CliOptions, rempart, workplace } from "./cli.ts";
import { printed, refuses } from "./here.ts";

interface Line {
  readonly purpose: string;
  readonly id: string;
  readonly state: string;
}

const run = ({ cwd, env }: CliOptions, ...args: readonly string[]): Promise<string> =>
  printed(["keys", ...args], env, cwd);

const refused = ({ cwd, env }: CliOptions, about: RegExp, ...args: readonly string[]): Promise<void> =>
  refuses(about, ["keys", ...args], env, cwd);

async function states(place: CliOptions): Promise<string[]> {
  const lines = JSON.parse(await run(place, "status", "--json")) as Line[];
  return lines.map(({ purpose, state }) => `${purpose} ${state}`);
}

test("keys rotate beside a running messenger, old values are rewrapped, and the old key goes", async () => {
  await using place = await workplace();
  const server = rempart(["up"], { ...place, env: { BACKUP_REPOSITORY: "none" } });
  await server.serving();
  const rotated = rempart(["keys", "rotate", "encryption", "--json"], place);
  assert.equal(await rotated.ended, 0, rotated.said());
  assert.equal(JSON.parse(rotated.logged()).version, "2");
  await run(place, "rotate", "csrf");
  await refused(place, /may still seal under version 1/, "destroy", "encryption", "1", "--yes");
  await ageLocalKeys(place);
  await refused(place, /values? stand under version 1: rewrap them/, "destroy", "encryption", "1", "--yes");
  await refused(place, /never leaves its directory/, "rotate", "database");
  assert.match(await run(place, "rewrap"), /^[1-9]\d* values were sealed anew/);
  assert.match(await run(place, "destroy", "encryption", "1", "--yes"), /encryption: 1 is destroyed/);
  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  const status = await run(place, "status");
  assert.match(status, /^csrf +\S{12} +active +0 days/m);
  assert.match(status, /^encryption +2 +active +0 days/m);
  assert.match(status, /^jwt +– +none/m);
});

/** As if a quarter of an hour had passed, in which the running server gave up the data key it had. */
async function ageLocalKeys({ cwd }: CliOptions): Promise<void> {
  const path = join(cwd, ".rempart/keys/local");
  const text = await readFile(path, "utf8");
  const aged = text.replaceAll(/(?<="made": ")[^"]+/g, (made) =>
    new Date(Date.parse(made) - 16 * 60_000).toISOString(),
  );
  await writeFile(path, aged);
}

const scratch = await mkdtemp(join(await scratchPlace(), "rempart-cli-postgres-"));
await chmod(scratch, 0o711);
const postgres = await startEmbeddedPostgres({ directory: join(scratch, "postgres"), durable: false });
const admin = createDatabase({ url: postgres.superuserUrl, poolSize: 2 });
after(async () => {
  await admin.close();
  await postgres.stop();
  await rm(scratch, { recursive: true });
});

test("database password and signing key rotate under load without a failed request", async () => {
  await using place = await workplace();
  await admin.query("CREATE ROLE messenger LOGIN PASSWORD 'first-password'");
  await admin.query("CREATE DATABASE messenger OWNER messenger");
  const address = new URL(postgres.url);
  Object.assign(address, { username: "messenger", password: "first-password", pathname: "/messenger" });
  const file = join(place.cwd, "database-url");
  await writeFile(file, `${address.href}\n`, { mode: 0o600 });
  const server = rempart(["up"], { ...place, env: { DATABASE_URL_FILE: file, RATE_LIMIT_MAX: "1000000" } });
  const origin = await server.serving();
  const cookie = await signUp(origin, /#invitation=(\S+)/.exec(server.said())?.[1] ?? "");

  const operator = { ...place, env: { DATABASE_URL_FILE: file, DATABASE_ADMIN_URL: postgres.superuserUrl } };
  const answers = new Map<number, number>();
  let going = true;
  const load = Array.from({ length: 8 }, async () => {
    while (going) {
      const { status } = await fetch(`${origin}/api/v1/auth/session`, { headers: { cookie } });
      answers.set(status, (answers.get(status) ?? 0) + 1);
      // A hundred requests a second show a gap as surely as ten thousand, and leave the rotation the processor.
      await sleep(50);
    }
  });
  await run(operator, "rotate", "jwt");
  for (const login of ["messenger_r1", "messenger_r2"]) {
    const outcome = JSON.parse(await run(operator, "rotate", "database", "--grace", "1", "--json"));
    assert.deepEqual(outcome, { state: "done", login });
  }
  await until(() => (answers.get(200) ?? 0) > 100);
  going = false;
  await Promise.all(load);
  await inMessengerDatabase(everyEnvelopeIsListed);
  await inMessengerDatabase(everyStepIsRecorded);
  assert.deepEqual([...answers.keys()], [200]);
  const logins = await admin.query(
    "SELECT rolname::text AS name FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'messenger%'",
  );
  assert.deepEqual(logins, [{ name: "messenger_r2" }]);
  assert.match(await readFile(file, "utf8"), /^postgres:\/\/messenger_r2:/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok((await states(operator)).includes("database active"));
  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  assert.doesNotMatch(server.logged(), new RegExp(new URL((await readFile(file, "utf8")).trim()).password));
});

async function inMessengerDatabase(look: (database: Database) => Promise<void>): Promise<void> {
  const url = new URL(postgres.superuserUrl);
  url.pathname = "/messenger";
  const database = createDatabase({ url: url.href, poolSize: 1 });
  await look(database);
  await database.close();
}

/** A column that a rewrap does not know would lose its values with the old key. */
async function everyEnvelopeIsListed(database: Database): Promise<void> {
  const columns = await database.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type = 'text'`,
  );
  const listed = new Set(ENVELOPE_COLUMNS.map(({ table, column }) => `${table}.${column}`));
  const found = new Set<string>();
  for (const { table, column } of columns) {
    const rows = await database.query(`SELECT 1 FROM "${table}" WHERE "${column}" ~ '^(kms|local):' LIMIT 1`);
    if (rows.length > 0) found.add(`${table}.${column}`);
  }
  assert.ok(found.has("signing_keys.private_key"), [...found].join());
  assert.deepEqual(
    [...found].filter((name) => !listed.has(name)),
    [],
  );
}

async function everyStepIsRecorded(database: Database): Promise<void> {
  const [row] = await database.query<{ count: number }>(
    "SELECT count(*) AS count FROM audit_entries WHERE event_type = 'key.rotated'",
  );
  assert.equal(row?.count, 3);
}

async function signUp(origin: string, invitation: string): Promise<string> {
  const answer = await fetch(`${origin}/api/v1/auth/sign-up`, {
    method: "POST",
    headers: { "content-type": "application/json", origin, "sec-fetch-site": "same-origin" },
    body: JSON.stringify({
      email: "ada@example.org",
      password: "long enough to be a passphrase",
      name: "Ada",
      invitation,
    }),
  });
  assert.equal(answer.status, 201, await answer.text());
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
}
