import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { messengerMigrations, readMessengerConfig, startMessenger } from "@rempart/messenger-server";
import { silentLogger } from "@rempart/runtime";
import { testDatabase } from "@rempart/testing";
import { rempart, workplace } from "./cli.ts";
import { here } from "./here.ts";

const place = await workplace();
const storage = await testDatabase({ migrations: messengerMigrations });
/** Of the server and of the commands beside it. No registry is asked for what is known of packages. */
const env = {
  DATABASE_URL: storage.url,
  DATA_DIRECTORY: join(place.cwd, "data"),
  HOST: "127.0.0.1",
  PORT: "0",
  ADMIN_PORT: "0",
  npm_config_registry: "http://127.0.0.1:9",
};
const server = await startMessenger({ config: readMessengerConfig(env), log: silentLogger });
after(async () => {
  await server.stop();
  await storage.close();
  await place[Symbol.asyncDispose]();
});

async function run(expected: number, ...args: readonly string[]): Promise<string> {
  const { code, out, said } = await here(args, env, place.cwd);
  assert.equal(code, expected, said);
  return out;
}

const json = async (...args: readonly string[]) => JSON.parse(await run(0, ...args, "--json"));

test("deployments and incidents are told once, listed, and measured", async () => {
  const telling = ["deploy", "record", "--version", "1.2.0", "--commit", "0af7651"];
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  assert.equal((await json(...telling, "--at", hourAgo)).recorded, true);
  const again = await json(...telling, "--committed-at", "2020-01-01", "--failed");
  await run(1, "deploy", "incident", "open", "Slow", "--deployment", "1.2.0");
  const { id } = await json("deploy", "incident", "open", "Slow", "--at", hourAgo);
  assert.equal(again.recorded, false);
  await run(0, "deploy", "incident", "close", id);
  await run(1, "deploy", "incident", "close", id);
  const [deployment] = await json("deploy", "list");
  const text = await run(0, "deploy", "metrics", "--days", "7");
  assert.equal(deployment.failed, true);
  assert.match(text, /lead time for changes\s+\S+ d\s+low\s+1 deployment\n/);
  assert.match(text, /change failure rate\s+100 %\s+low/);
  assert.match(text, /recovery time\s+1(\.\d+)? h\s+high/);
});

test("the weekly check looks at the running server and its data, and says what it could not look at, as with the server away; its page is its owner's to read", async () => {
  const path = join(place.cwd, "report.html");
  const away = ["check", "weekly", "--format", "html", "--out", path, "--admin", "http://127.0.0.1:9"];
  const cli = rempart(away, { ...place, env });
  const report = JSON.parse(await run(2, "check", "weekly", "--format", "json", "--admin", server.adminUrl));
  assert.equal(await cli.ended, 2, cli.said());
  const verdicts = Object.fromEntries(
    report.items.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict]),
  );
  assert.deepEqual(verdicts, {
    "auth-success": "unknown",
    "csrf-blocks": "unknown",
    "jwt-size": "unknown",
    "kms-failovers": "pass",
    dependencies: "unknown",
    "long-sessions": "pass",
    "kms-fallback": "pass",
    "alert-rules": "pass",
  });
  const html = await readFile(path, "utf8");
  assert.match(html, /did not tell its metrics/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});
