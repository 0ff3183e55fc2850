import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { rempart, workplace } from "./cli.ts";
import { printed, refuses } from "./here.ts";

const PASSWORD = "long enough to be a passphrase";
const NEXT_PASSWORD = "nine lanterns over water";

const place = await workplace();
const server = rempart(["up"], { ...place, env: { BACKUP_REPOSITORY: "none" } });
const origin = await server.serving();
after(async () => {
  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  await place[Symbol.asyncDispose]();
});

/** Runs a command beside the server to its end, and gives what it printed. */
const users = (...args: readonly string[]): Promise<string> => printed(["users", ...args], {}, place.cwd);

const refused = (about: RegExp, ...args: readonly string[]): Promise<void> =>
  refuses(about, ["users", ...args], {}, place.cwd);

/** The same in a process of its own, which reads its standard input. */
async function refusedFrom(input: string, about: RegExp, ...args: readonly string[]): Promise<void> {
  const cli = rempart(["users", ...args], { ...place, input });
  assert.equal(await cli.ended, 1, cli.logged());
  assert.match(cli.said(), about);
  assert.doesNotMatch(cli.said(), /\n\s+at /);
}

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${origin}/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin, "sec-fetch-site": "same-origin", ...headers },
    body: JSON.stringify(body),
  });
}

async function signUp(email: string): Promise<string> {
  const answer = await post("auth/sign-up", { email, password: PASSWORD, name: "Sam" });
  assert.equal(answer.status, 201, await answer.text());
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
}

/** A socket of a device, ready. */
async function socketOf(cookie: string): Promise<{ closed: Promise<unknown> }> {
  const id = randomUUID();
  const body = { id, name: "test", signatureKey: randomBytes(32).toString("base64url") };
  const registered = await post("devices", body, { cookie });
  assert.equal(registered.status, 201, await registered.text());
  const socket = new WebSocket(`${origin.replace("http", "ws")}/ws?device=${id}`, {
    headers: { cookie, origin },
  } as unknown as string[]);
  const happens = (what: string) =>
    new Promise<Event>((resolve) => socket.addEventListener(what, resolve, { once: true }));
  const closed = happens("close");
  const first = await Promise.race([happens("message"), closed]);
  assert.ok(first instanceof MessageEvent && /"ready"/.test(String(first.data)), "the socket is ready");
  return { closed };
}

test("a suspension ends the session and the socket of a running server, and so on through every act", async () => {
  const email = "sam@example.org";
  const cookie = await signUp(email);
  const session = () => fetch(`${origin}/api/v1/auth/session`, { headers: { cookie } });
  assert.equal((await session()).status, 200);
  const socket = await socketOf(cookie);
  const { users: found } = JSON.parse(await users("search", email, "--json"));
  assert.deepEqual([found.length, found[0].email, found[0].status], [1, email, "ACTIVE"]);
  assert.match(await users("sessions", email), /127\.0\.0\.1 +pwd/);

  const suspended = JSON.parse(await users("suspend", email, "--reason", "spam", "--days", "7", "--json"));
  assert.ok(Math.abs(suspended.until - Date.now() - 7 * 86_400_000) < 60_000);
  await socket.closed;
  assert.equal((await session()).status, 401);
  const signIn = () => post("auth/sign-in", { email, password: PASSWORD });
  assert.equal((await signIn()).status, 403);
  await users("reactivate", found[0].id);
  assert.equal((await signIn()).status, 200);

  const { link } = JSON.parse(await users("reset-password", email, "--json"));
  const token = new URL(link).hash.slice("#reset-password=".length);
  const reset = await post("auth/password/reset", { token, password: NEXT_PASSWORD });
  assert.equal(reset.status, 204, await reset.text());
  assert.ok(!server.logged().includes(token));
});

test("an export is a file of one's own, bans and erasures ask first, and a name is nobody", async () => {
  const email = "kim@example.org";
  await signUp(email);
  const file = join(place.cwd, "kim.json");
  await users("export", email, "--out", file);
  assert.equal(JSON.parse(await readFile(file, "utf8")).account.email, email);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await refused(/nothing was written/i, "export", email, "--out", file);
  await refused(/Say --yes/, "ban", email, "--reason", "abuse");
  await refused(/no account's id or e-mail/, "suspend", "Kim", "--reason", "spam");
  const banned = await users("ban", email, "--reason", "abuse", "--addresses", "--yes", "--json");
  assert.deepEqual(JSON.parse(banned).addresses, ["127.0.0.1"]);
  await refused(/Say --yes/, "erase", email);
  assert.equal(JSON.parse(await users("erase", email, "--yes", "--json")).recorded, true);
  await refused(/no account's id or e-mail/, "erase", email, "--yes");
});

test("an administrator is made with a password that is piped in or stands in a file, never in an argument", async () => {
  const file = join(place.cwd, "password");
  await writeFile(file, `${PASSWORD}\n`, { mode: 0o600 });
  const make = ["create-admin", "--email", "root@example.org"];
  const account = JSON.parse(await users(...make, "--name", "Root", "--password-file", file, "--json"));
  assert.deepEqual([account.email, account.name, account.role], ["root@example.org", "Root", "ADMIN"]);
  await refused(/cannot be read/, ...make, "--password-file", join(place.cwd, "missing"));
  await refused(/unknown option '--password'/, ...make, "--password", PASSWORD);
  await Promise.all([
    refusedFrom(`${PASSWORD}\n`, /already in use/, ...make),
    refusedFrom("password1\n", /too easy/, ...make),
    refusedFrom("", /no password/i, ...make),
  ]);
  const [, invitation] = /#invitation=(\S+)/.exec(server.said()) ?? [];
  const late = { email: "late@example.org", password: PASSWORD, name: "Late", invitation };
  assert.equal((await post("auth/sign-up", late)).status, 403, "the first invitation has ended");
  const answer = await post("auth/sign-in", { email: "root@example.org", password: PASSWORD });
  assert.equal(answer.status, 200);
  const { account: signedIn } = (await answer.json()) as { account: { mfaRequired: boolean } };
  assert.equal(signedIn.mfaRequired, true);
});
