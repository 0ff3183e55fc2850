import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { rempart, workplace } from "./cli.ts";

const place = await workplace();
const server = rempart(["up"], place);
await server.serving();
const admin = /Administration\s+(http:\S+)/.exec(server.said())?.[1] ?? "";
after(async () => {
  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  await place[Symbol.asyncDispose]();
});

/** No registry is asked for what is known of packages. */
const ALONE = { npm_config_registry: "http://127.0.0.1:9" };

async function run(code: number, ...args: readonly string[]): Promise<string> {
  const cli = rempart(args, { ...place, env: ALONE });
  assert.equal(await cli.ended, code, cli.said());
  return cli.logged();
}

const json = async (...args: readonly string[]) => JSON.parse(await run(0, ...args, "--json"));

test("deployments and incidents are told once, listed, and measured", async () => {
  const telling = ["deploy", "record", "--version", "1.2.0", "--commit", "0af7651"];
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  assert.equal((await json(...telling, "--at", hourAgo)).recorded, true);
  const [again, { id }] = await Promise.all([
    json(...telling, "--committed-at", "2020-01-01", "--failed"),
    json("deploy", "incident", "open", "Slow", "--at", hourAgo),
  ]);
  assert.equal(again.recorded, false);
  await run(0, "deploy", "incident", "close", id);
  const [[deployment], text] = await Promise.all([
    json("deploy", "list"),
    run(0, "deploy", "metrics", "--days", "7"),
    run(1, "deploy", "incident", "close", id),
  ]);
  assert.equal(deployment.failed, true);
  assert.match(text, /lead time for changes\s+\S+ d\s+low\s+1 deployment\n/);
  assert.match(text, /change failure rate\s+100 %\s+low/);
  assert.match(text, /recovery time\s+1(\.\d+)? h\s+high/);
});

test("the weekly check looks at the running server and its data, and says what it could not look at, as with the server away; its page is its owner's to read", async () => {
  const path = join(place.cwd, "report.html");
  const [printed] = await Promise.all([
    run(2, "check", "weekly", "--format", "json", "--admin", admin),
    run(2, "check", "weekly", "--format", "html", "--output", path, "--admin", "http://127.0.0.1:9"),
  ]);
  const report = JSON.parse(printed);
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
