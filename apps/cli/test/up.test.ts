import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Cli, rempart, workplace } from "./cli.ts";
import { here, printed } from "./here.ts";

const ROOT_USER = process.getuid?.() === 0;

test("first start, sign-up by the link, Ctrl-C, second start: the data stay and the link is gone", async () => {
  await using place = await workplace();
  const first = rempart(["up"], place);
  const address = await first.serving();
  const link = /#invitation=(\S+)/.exec(first.said());
  assert.ok(link, first.said());
  await signUp(address, link[1] as string);
  assert.equal(await stop(first, "SIGINT"), 0);
  assert.ok(!first.logged().includes(link[1] as string), "the invitation must not be logged");

  const second = rempart(["up"], place);
  const again = await second.serving();
  assert.doesNotMatch(second.said(), /#invitation=/);
  const answer = await signIn(again);
  assert.equal(answer.status, 200);
  assert.equal(await stop(second, "SIGTERM"), 0);
});

test("it ends with the parent that started it, and frees the port", async () => {
  await using place = await workplace();
  const cli = rempart(["up"], { ...place, ipc: true });
  const address = await cli.serving();
  cli.child.disconnect();
  assert.equal(await cli.ended, 0);
  await assert.rejects(fetch(`${address}/health`));
});

test("a taken port ends it with one line that names the port", async () => {
  await using place = await workplace();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const address = holder.address();
  assert.ok(address !== null && typeof address === "object");
  const cli = rempart(["up"], { ...place, env: { PORT: String(address.port) } });
  assert.equal(await cli.ended, 1);
  assertOneLine(cli.said(), new RegExp(String(address.port)));
  await new Promise((resolve) => holder.close(resolve));
});

test("a wrong variable ends it with 78, names the variable and not its text", async () => {
  await using place = await workplace();
  const cli = rempart(["up"], { ...place, env: { PORT: "hunter2" } });
  assert.equal(await cli.ended, 78);
  assert.match(cli.said(), /PORT .*must be/);
  assert.doesNotMatch(cli.said(), /hunter2|\n\s+at /);
});

test("a receiver without its secret ends it with 78, before there is a database", async () => {
  await using place = await workplace();
  const { code, said } = await here(["up"], { ALERT_RECEIVERS: "team=slack:" }, place.cwd);
  assert.equal(code, 78);
  assertOneLine(said, /receiver "team" needs a secret/);
  assert.deepEqual(readdirSync(place.cwd), []);
});

test(".env completes the environment and does not override it", async () => {
  await using place = await workplace();
  writeFileSync(join(place.cwd, ".env"), "RATE_LIMIT_MAX=7\nPORT=wrong\n");
  assert.match(await printed(["config"], { PORT: "0" }, place.cwd), /RATE_LIMIT_MAX\s+7\s+environment/);
});

test("config hides secrets", async () => {
  await using place = await workplace();
  const shown = await printed(["config"], { DATABASE_URL: "postgresql://someone:hunter2@db/x" }, place.cwd);
  assert.match(shown, /DATABASE_URL\s+\[secret\]/);
  assert.doesNotMatch(shown, /hunter2/);
});

test("a data directory that is a file, or half written, ends it with one line", async () => {
  await using place = await workplace();
  writeFileSync(join(place.cwd, "file"), "");
  const onFile = rempart(["up"], { ...place, env: { DATA_DIRECTORY: "file" } });
  assert.equal(await onFile.ended, 1);
  assertOneLine(onFile.said(), /file/);

  mkdirSync(join(place.cwd, "half/postgres/data"), { recursive: true });
  writeFileSync(join(place.cwd, "half/postgres/data/PG_VERSION"), "18\n");
  const onHalf = rempart(["up"], { ...place, env: { DATA_DIRECTORY: "half" } });
  assert.equal(await onHalf.ended, 1);
  assertOneLine(onHalf.said(), /half/);
});

test("a directory that cannot be written ends it with one line", {
  skip: ROOT_USER && "root may write everywhere",
}, async () => {
  await using place = await workplace();
  mkdirSync(join(place.cwd, "closed"));
  chmodSync(join(place.cwd, "closed"), 0o500);
  const cli = rempart(["up"], { ...place, env: { DATA_DIRECTORY: "closed/data" } });
  assert.equal(await cli.ended, 1);
  assertOneLine(cli.said(), /closed/);
  chmodSync(join(place.cwd, "closed"), 0o700);
});

test("a full disk ends it with one line", { skip: cannotMount() }, async () => {
  await using place = await workplace();
  const disk = join(place.cwd, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  try {
    const cli = rempart(["up"], { ...place, env: { DATA_DIRECTORY: "disk" } });
    assert.equal(await cli.ended, 1);
    assertOneLine(cli.said(), /disk is full|no space/i);
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("doctor sees a taken port and a place that can be used", async () => {
  await using place = await workplace();
  const doctor = (port: number) => here(["doctor"], { PORT: String(port), ADMIN_PORT: "0" }, place.cwd);
  assert.match((await doctor(0)).out, /ok\s+data directory/);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const address = holder.address();
  assert.ok(address !== null && typeof address === "object");
  const blocked = await doctor(address.port);
  assert.equal(blocked.code, 1);
  assert.match(blocked.out, /failed\s+public port\s+.*taken/);
  await new Promise((resolve) => holder.close(resolve));
});

async function stop(cli: Cli, signal: NodeJS.Signals): Promise<number> {
  cli.child.kill(signal);
  return cli.ended;
}

function assertOneLine(said: string, about: RegExp): void {
  const lines = said.trim().split("\n");
  assert.equal(lines.length, 1, said);
  assert.match(lines[0] as string, about);
}

const PERSON = { email: "ada@example.org", password: "long enough to be a passphrase" };

function post(address: string, path: string, body: object): Promise<Response> {
  return fetch(`${address}/api/v1/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: address, "sec-fetch-site": "same-origin" },
    body: JSON.stringify(body),
  });
}

async function signUp(address: string, invitation: string): Promise<void> {
  const answer = await post(address, "sign-up", { ...PERSON, name: "Ada", invitation });
  assert.equal(answer.status, 201, await answer.text());
}

function signIn(address: string): Promise<Response> {
  return post(address, "sign-in", PERSON);
}

/** False, or why the test of a full disk is left out. */
function cannotMount(): string | false {
  if (!ROOT_USER || process.platform !== "linux") return "mounting a small disk needs root on Linux";
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return false;
  } catch {
    return "this sandbox allows no mounts";
  }
}
