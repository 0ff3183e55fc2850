import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createDatabase,
  type Database,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from "@rempart/database";
import { explain } from "@rempart/kernel";
import { freePort, until } from "@rempart/testing";
import { isAlive, waitUntilGone } from "../src/embedded/processes.ts";
import { isRoot, scratchDirectory, spawnServer, watchdogOf } from "./fixtures/run.ts";

const PATIENCE_MS = 30_000;

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ url });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function writeMark(url: string, mark: number): Promise<unknown> {
  return withDatabase(url, async (database) => {
    await database.query("CREATE TABLE IF NOT EXISTS marks (mark int PRIMARY KEY)");
    await database.query("INSERT INTO marks VALUES ($1)", [mark]);
  });
}

async function readMarks(url: string): Promise<number[]> {
  const rows = await withDatabase(url, (database) =>
    database.query<{ mark: number }>("SELECT mark FROM marks ORDER BY mark"),
  );
  return rows.map((row) => row.mark);
}

async function start(directory: string) {
  return startEmbeddedPostgres({ directory, durable: false });
}

test("the first start makes a closed database, the second keeps its data", async () => {
  const directory = join(await scratchDirectory(), "made", "postgres");
  const first = await start(directory);
  await writeMark(first.url, 1);
  const [role] = await withDatabase(first.url, (database) =>
    database.query("SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"),
  );
  assert.deepEqual(role, { rolname: "rempart", rolsuper: false, rolcreatedb: true });
  const [locale] = await withDatabase(first.url, (database) =>
    database.query(
      "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()",
    ),
  );
  assert.deepEqual(locale, { datlocprovider: "b", datlocale: "C.UTF-8", encoding: "UTF8" });
  await first.stop();
  assert.equal(await first.exited, undefined);
  assert.ok(!isAlive(first.pid));
  for (const [name, mode] of [
    ["data", 0o700],
    ["password", 0o600],
    ["superuser-password", 0o600],
  ] as const)
    assert.equal((await stat(join(directory, name))).mode & 0o777, mode, name);
  const second = await start(directory);
  assert.deepEqual(await readMarks(second.url), [1]);
  await second.stop();
});

test("nobody gets in without the password, and it works on TCP when asked to", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const port = await freePort();
  const server = await startEmbeddedPostgres({ directory, durable: false, port });
  const bySocket = new URL(server.url);
  const byTcp = new URL(server.url);
  byTcp.search = "";
  byTcp.hostname = "127.0.0.1";
  assert.equal(byTcp.port, String(port));
  await withDatabase(byTcp.href, (database) => database.ping());
  for (const url of [bySocket, byTcp])
    for (const [user, password] of [
      ["rempart", "wrong"],
      ["postgres", ""],
      ["nobody", "x"],
    ] as const) {
      url.username = user;
      url.password = password;
      await assert.rejects(
        withDatabase(url.href, (database) => database.ping()),
        (error: { code?: string; message: string }) => {
          return error.code === "wrong-credentials" || /password must be a/.test(error.message);
        },
      );
    }
  await server.stop();
});

test("a directory whose name is long, or holds blanks, commas and quotes, is as good as any", async () => {
  const parent = await scratchDirectory();
  for (const name of ["l".repeat(120), "a b,c\"d'é"]) {
    const server = await start(join(parent, name));
    await withDatabase(server.url, (database) => database.ping());
    await server.stop();
  }
});

test("when our process is killed the server goes too, and what was committed is there", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const process_ = spawnServer(directory, { durable: true });
  const { url, pid } = await process_.said;
  await writeMark(url, 7);
  process_.child.kill("SIGKILL");
  assert.ok(await waitUntilGone(pid, PATIENCE_MS), "the server outlived its process");
  const server = await start(directory);
  assert.deepEqual(await readMarks(server.url), [7]);
  await server.stop();
});

test("a start straight after a kill waits for the server that is still going down", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const process_ = spawnServer(directory);
  const { url, pid } = await process_.said;
  await writeMark(url, 8);
  process_.child.kill("SIGKILL");
  await process_.ended;
  const server = await start(directory);
  assert.notEqual(server.pid, pid);
  assert.deepEqual(await readMarks(server.url), [8]);
  await server.stop();
});

test("an orphan that nobody stopped is stopped by the next start", {
  skip: process.platform !== "linux" && "needs /proc",
}, async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const process_ = spawnServer(directory);
  const { url, pid } = await process_.said;
  await writeMark(url, 9);
  process.kill(await watchdogOf(process_.child.pid as number), "SIGKILL");
  process_.child.kill("SIGKILL");
  await process_.ended;
  await sleep(300);
  assert.ok(isAlive(pid), "without its watchdog the server stays");
  const server = await start(directory);
  assert.ok(!isAlive(pid));
  assert.deepEqual(await readMarks(server.url), [9]);
  await server.stop();
});

test("a directory in use is refused, and its user is not disturbed", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const process_ = spawnServer(directory);
  const { url, pid } = await process_.said;
  await assert.rejects(start(directory), {
    code: "already-running",
    message: `Process ${process_.child.pid} is already running the database in ${join(directory, "data")}: stop it first`,
  });
  assert.ok(isAlive(pid));
  await writeMark(url, 1);
  process_.child.kill("SIGTERM");
  await process_.ended;
});

test("of processes that make the same database at once one serves it and the others are told", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const all = [1, 2, 3].map(() => spawnServer(directory));
  const said = await Promise.all(all.map((each) => each.said));
  const codes = said.map((each) => each.code ?? "serving").sort();
  assert.deepEqual(codes, ["already-running", "already-running", "serving"]);
  const winner = said.find((each) => each.code === undefined);
  await writeMark(winner?.url ?? "", 1);
  for (const { child } of all) child.kill("SIGTERM");
  await Promise.all(all.map((each) => each.ended));
});

test("a stale lock file is no obstacle, whoever has its process id now and whatever it holds", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  await (await start(directory)).stop();
  const data = join(directory, "data");
  const alive = `${process.pid}\n${data}\n1700000000\n5432\n/tmp\n\n  1234  5\n`;
  for (const content of [alive, "999999999\n", "", "garbage", "-1", "99999999999999999999\n", "\0\0\0\0"]) {
    await writeFile(join(data, "postmaster.pid"), content);
    const server = await start(directory);
    await withDatabase(server.url, (database) => database.ping());
    await server.stop();
  }
});

test("whenever the first start is killed, the next one succeeds and leaves no rubbish", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  for (const delay of [150, 250, 350, 450]) {
    const process_ = spawnServer(directory);
    await sleep(delay);
    process_.child.kill("SIGKILL");
    await process_.ended;
  }
  const server = await start(directory);
  await withDatabase(server.url, (database) => database.ping());
  await server.stop();
  assert.deepEqual(
    (await readdir(directory)).filter((entry) => entry.startsWith("data")),
    ["data"],
  );
});

test("what is not a whole database of this version is left alone, with one clear sentence", async () => {
  const cases = [
    { files: { "base.txt": "x" }, code: "damaged-directory", says: /is not a whole database/ },
    { files: { PG_VERSION: "18\n" }, code: "damaged-directory", says: /restore it from a backup/ },
    {
      files: { PG_VERSION: "17\n", "global/pg_control": "x" },
      code: "version-mismatch",
      says: /PostgreSQL 17 .* PostgreSQL 18/,
    },
  ];
  for (const { files, code, says } of cases) {
    const data = join(await scratchDirectory(), "data");
    await mkdir(join(data, "global"), { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files)) await writeFile(join(data, name), content);
    await assert.rejects(start(join(data, "..")), (error: { code: string; message: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
    for (const [name, content] of Object.entries(files))
      assert.equal(await readFile(join(data, name), "utf8"), content);
  }
});

test("a control file cut short is told with PostgreSQL's own words", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  await (await start(directory)).stop();
  await truncate(join(directory, "data", "global", "pg_control"), 100);
  await assert.rejects(start(directory), (error: Error) => {
    assert.match(explain(error), /^PostgreSQL did not start: .*pg_control/);
    return true;
  });
});

test("a password file that was emptied is told, not replaced", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  await (await start(directory)).stop();
  await writeFile(join(directory, "password"), "");
  await assert.rejects(start(directory), { code: "damaged-directory" });
});

test("a file in the directory's place is told", async () => {
  const file = join(await scratchDirectory(), "postgres");
  await writeFile(file, "x");
  await assert.rejects(start(file), { code: "damaged-directory" });
  await assert.rejects(start(join(file, "below")), { code: "damaged-directory" });
});

test("a server that crashes is restarted with its data, and the pool finds it again", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const server = await startEmbeddedPostgres({ directory });
  await writeMark(server.url, 5);
  const database = createDatabase({ url: server.url });
  for (let crash = 0; crash < 2; crash += 1) {
    const { pid } = server;
    process.kill(pid, "SIGKILL");
    await waitUntilGone(pid, PATIENCE_MS);
    await until(() =>
      database.query("SELECT mark FROM marks").then(
        () => true,
        () => false,
      ),
    );
    assert.notEqual(server.pid, pid);
  }
  assert.deepEqual(await database.query("SELECT mark FROM marks"), [{ mark: 5 }]);
  await database.close();
  await server.stop();
});

test("an ordinary user runs it, and is told of another's directory", {
  skip: !isRoot && "needs root to become somebody else",
}, async () => {
  const nobody = { uid: 65_534, gid: 65_534 };
  const parent = await scratchDirectory(0o777);
  const process_ = spawnServer(join(parent, "theirs"), nobody);
  const { url } = await process_.said;
  await writeMark(url, 3);
  process_.child.kill("SIGTERM");
  await process_.ended;
  assert.equal((await stat(join(parent, "theirs", "data"))).uid, nobody.uid);

  await (await start(join(parent, "ours"))).stop();
  const refused = await spawnServer(join(parent, "ours"), nobody).said;
  assert.equal(refused.code, "wrong-owner");

  const asRoot = await start(join(parent, "theirs"));
  assert.deepEqual(await readMarks(asRoot.url), [3]);
  await asRoot.stop();
  const again = spawnServer(join(parent, "theirs"), nobody);
  assert.deepEqual(await readMarks((await again.said).url), [3]);
  again.child.kill("SIGTERM");
  await again.ended;
});

test("a running server is found by its directory, by whoever may read that, and a stopped one is not", async () => {
  const directory = join(await scratchDirectory(), "postgres");
  assert.equal(await findEmbeddedPostgres(directory), null);
  const server = await start(directory);
  const found = await findEmbeddedPostgres(directory);
  const dataDirectory = join(directory, "data");
  assert.deepEqual(found, { url: server.url, superuserUrl: server.superuserUrl, dataDirectory });
  await writeMark(found?.url ?? "", 7);
  const lock = await readFile(join(directory, "data", "postmaster.pid"));
  await server.stop();
  assert.equal(await findEmbeddedPostgres(directory), null);
  await writeFile(join(directory, "data", "postmaster.pid"), lock);
  assert.equal(await findEmbeddedPostgres(directory), null);
});
