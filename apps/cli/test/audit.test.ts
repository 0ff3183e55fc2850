import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { type Cli, type CliOptions, rempart, workplace } from "./cli.ts";
import { here, printed } from "./here.ts";

const run = ({ cwd }: CliOptions, ...args: readonly string[]): Promise<string> =>
  printed(["audit", ...args], {}, cwd);

async function signUp(origin: string, server: Cli): Promise<void> {
  const invitation = /#invitation=(\S+)/.exec(server.said())?.[1] ?? "";
  const response = await fetch(`${origin}/api/v1/auth/sign-up`, {
    method: "POST",
    headers: { origin, "content-type": "application/json" },
    body: JSON.stringify({
      email: "ada@example.org",
      password: "nine quiet lanterns",
      name: "Ada",
      invitation,
    }),
  });
  assert.equal(response.status, 201, await response.text());
}

/** Resolves once what was done so far has its place in a signed head. */
function published({ cwd }: CliOptions): Promise<void> {
  return until(async () => {
    const { out } = await here(["audit", "verify", "--json"], {}, cwd);
    return JSON.parse(out).size >= 3;
  });
}

test("a running messenger's log is read, verified, proven, exported, and a change in it is named", async () => {
  await using place = await workplace();
  const server = rempart(["up"], { ...place, env: { BACKUP_REPOSITORY: "none" } });
  const origin = await server.serving();
  await signUp(origin, server);
  await published(place);

  const key = (await run(place, "keys")).trim();
  assert.match(await run(place, "verify", "--key", key), /^\d+ entries are as they were signed/);
  assert.match(await run(place, "tail"), /INFO\s+SIGN_UP/);
  const [signedUp] = JSON.parse(await run(place, "query", "--type", "SIGN_UP", "--json")).records;
  assert.equal(signedUp.type, "auth.signup");

  await cosigned(place, key);
  const proof = join(place.cwd, "ada.tlog-proof");
  await run(place, "prove", signedUp.id, "--out", proof);
  assert.ok((await run(place, "check", proof, "--key", key)).includes(signedUp.id));
  await writeFile(proof, (await readFile(proof, "utf8")).replace(/index \d+/, "index 0"));
  const spoilt = await here(["audit", "check", proof, "--key", key], {}, place.cwd);
  const wrong = signedUp.index === 0 ? 0 : 1;
  assert.equal(spoilt.code, wrong, spoilt.said);

  const lines = (await run(place, "export", "--proofs"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(lines.at(-1).checkpoint.includes("/audit\n"));
  assert.ok(lines.slice(0, -1).every(({ leaf, proof: hashes }) => leaf.length > 0 && Array.isArray(hashes)));
  assert.match(await run(place, "query", "--type", "LOG_EXPORTED"), /LOG_EXPORTED/);
  assert.match(await run(place, "retention"), /security\s+365\s+\d+\s+0/);

  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  const bundle = join(place.cwd, ".rempart", "audit", "tile", "entries", "000.p");
  const { size } = JSON.parse(await run(place, "verify", "--json"));
  const file = join(bundle, String(size));
  await writeFile(file, (await readFile(file, "latin1")).replace("auth.signup", "auth.signin"), "latin1");
  const tampered = rempart(["audit", "verify", "--key", key, "--json"], place);
  assert.equal(await tampered.ended, 1, tampered.said());
  const { findings } = JSON.parse(tampered.logged());
  assert.deepEqual(
    findings.map(({ kind, entryId }: { kind: string; entryId: string }) => [kind, entryId]),
    [["bundle-altered", signedUp.id]],
  );
  const repaired = JSON.parse(await run(place, "repair", "--key", key, "--json"));
  assert.deepEqual(repaired.files, [`tile/entries/000.p/${size}`]);
  assert.match(await run(place, "query", "--type", "LOG_REPAIRED"), /LOG_REPAIRED/);
});

/** Submits a signed head, or nonsense, as the log would. */
async function submit(url: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body });
  return { status: response.status, text: await response.text() };
}

async function cosigned(place: CliOptions & { cwd: string }, key: string): Promise<void> {
  const witness = rempart(["audit", "witness", "--log", key, "--listen", "127.0.0.1:0"], place);
  const url = await witnessUrl(witness);
  const head = await readFile(join(place.cwd, ".rempart", "audit", "checkpoint"), "utf8");
  const { status, text } = await submit(url, `old 0\n\n${head}`);
  assert.equal(status, 200, text);
  const name = witness.logged().trim().split("+")[0];
  assert.ok(text.startsWith(`— ${name} `));
  assert.equal((await submit(url, "nonsense")).status, 400);
  assert.equal((await submit(url, `old 0\n\n${head}`)).status, 409);
  witness.child.kill("SIGTERM");
  assert.equal(await witness.ended, 0);
}

async function witnessUrl(witness: Cli): Promise<string> {
  const said = (): string | undefined => /Witness\s+(http:\S+)/.exec(witness.said())?.[1];
  await until(() => said() !== undefined);
  return said() ?? "";
}
