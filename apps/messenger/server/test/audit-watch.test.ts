import assert from "node:assert/strict";
import { test } from "node:test";
import { nodePrimitives, signerKeys } from "@rempart/audit";
import { judgeCheckpoint } from "@rempart/audit/verify";
import { ROUTES } from "@rempart/messaging/contract";
import { until } from "@rempart/testing";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";

const PROXIED = { TRUSTED_PROXY_HOPS: "1" };
const GUESSER = "203.0.113.9";

interface Told {
  event_name: string;
  ip_address: string | null;
  path: string | null;
  user_id: string | null;
  security: { reason?: string } | null;
}

function told({ storage }: TestMessenger, ...names: string[]): Promise<Told[]> {
  return storage.database.query<Told>(
    `SELECT event_name, host(ip_address) AS ip_address, path, user_id, security FROM audit_logs
     WHERE event_name = ANY ($1) ORDER BY created_at, id`,
    [names],
  );
}

/** What is looked for, once it is there. */
async function found<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  let answer: T | null | undefined | false;
  await until(async () => {
    answer = await look();
    return Boolean(answer);
  });
  return answer as T;
}

/** Recorded beside what comes of it. */
function theFinding(server: TestMessenger): Promise<Told> {
  return found(async () => (await told(server, "detection.finding"))[0]);
}

function asked(server: TestMessenger, path: string, init: RequestInit & { from?: string } = {}) {
  const { from = "198.51.100.1", ...rest } = init;
  return fetch(`${server.publicUrl}${path}`, {
    ...rest,
    headers: { "x-forwarded-for": from, origin: server.publicUrl, ...rest.headers },
  });
}

test("who guesses passwords is found in the log, banned for a while, and let in again by an operator", async () => {
  await using server = await testMessenger({ env: PROXIED });
  const guess = (who: number): Promise<Response> =>
    asked(server, ROUTES.signIn.path, {
      method: "POST",
      from: GUESSER,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: `ada${who}@example.org`, password: "not the password" }),
    });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i += 1) statuses.push((await guess(i)).status);
  // The last ones may come after the ban already.
  assert.deepEqual(statuses.slice(0, 5), Array<number>(5).fill(401));
  const banned = await found(async () => {
    const reply = await asked(server, "/", { from: GUESSER });
    return reply.status === 403 && ((await reply.json()) as { code: string });
  });
  assert.equal(banned.code, "banned");
  assert.notEqual((await asked(server, "/health")).status, 403, "others are served");
  const finding = await theFinding(server);
  assert.match(finding.security?.reason ?? "", /failed sign-ins from one address/);
  const refused = await found(async () => {
    const refusals = await told(server, "edge.banned");
    return refusals.find(({ path }) => path === "/");
  });
  assert.equal(refused.ip_address, GUESSER);
  const metrics = await found(async () => {
    const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
    return (
      /audit_findings_total\{rule="failed-logins-by-address",response="ban-address"\} 1/.test(text) && text
    );
  });
  assert.match(metrics, /audit_sink_lag_entries\{sink="detection"\} \d+/);

  await server.storage.database.query("DELETE FROM network_bans");
  await until(async () => (await asked(server, "/", { from: GUESSER })).status !== 403);
});

test("a new key and at once too many messages end the account's sessions; refusals are told once", async () => {
  await using server = await testMessenger({ env: { RATE_LIMIT_MESSAGES_MAX: "3" } });
  const [ada, bob] = await Promise.all(["Ada", "Bob"].map((name) => Person.arrive(server.publicUrl, name)));
  assert.ok(ada && bob);
  const id = await ada.converse([bob]);
  const socket = await ada.connect();
  const codes: number[] = [];
  for (let i = 0; i < 4; i += 1) codes.push((await ada.send(id, "buy this")).status);
  assert.equal(codes.at(-1), 429);
  for (let i = 0; i < 3; i += 1)
    socket.send({ t: "send", conversationId: id, ...(await ada.encrypt(id, "and this")) });
  await until(async () => (await ada.call("session")).code === "unauthenticated");
  const limits = await told(server, "edge.limited");
  assert.deepEqual(
    limits.map(({ user_id }) => user_id),
    [ada.id],
  );
  const finding = await theFinding(server);
  assert.match(finding.security?.reason ?? "", /a device was added/);
});

test("what looks like an attack passes and is recorded, and so is whoever is refused administration", async () => {
  await using server = await testMessenger({ env: PROXIED });
  const attack = `/?q=${encodeURIComponent("' UNION SELECT password FROM users --")}`;
  assert.notEqual((await asked(server, attack, { from: GUESSER })).status, 403);
  assert.equal((await fetch(`${server.adminUrl}/admin/users/search`)).status, 401);
  const rows = await found(async () => {
    const both = await told(server, "edge.attack", "access.denied");
    return both.length === 2 && both;
  });
  const [attacked, denied] = rows.toSorted((a, b) => b.event_name.localeCompare(a.event_name));
  assert.deepEqual([attacked?.ip_address, attacked?.security?.reason], [GUESSER, "sql"]);
  assert.equal(denied?.path, "/admin/users/search");
});

test("who tries administration without the right to it is named, and their sessions end", async () => {
  await using server = await testMessenger();
  const ada = await Person.arrive(server.publicUrl, "Ada");
  const { accessToken } = await ada.must("refresh");
  const headers = { authorization: `Bearer ${accessToken}` };
  for (let i = 0; i < 3; i += 1)
    assert.equal((await fetch(`${server.adminUrl}/admin/users/search`, { headers })).status, 403);
  await until(async () => (await ada.call("session")).code === "unauthenticated");
  const denied = await told(server, "access.denied");
  assert.deepEqual(
    denied.map(({ user_id, path }) => [user_id, path]),
    Array.from({ length: 3 }, () => [ada.id, "/admin/users/search"]),
  );
});

test("in the preset for compliance every request is recorded", async () => {
  await using server = await testMessenger({ env: { AUDIT_PRESET: "compliance" } });
  await fetch(`${server.publicUrl}/health`);
  await fetch(`${server.publicUrl}/nowhere?secret=1`);
  const rows = await found(async () => {
    const requests = await told(server, "access.request");
    return requests.length >= 2 && requests;
  });
  assert.deepEqual(rows.map(({ path }) => path).toSorted(), ["/health", "/nowhere"]);
});

test("the administration listener serves the published log, and nothing beside it", async () => {
  await using server = await testMessenger();
  await Person.arrive(server.publicUrl, "Ada");
  const file = (path: string): Promise<Response> => fetch(`${server.adminUrl}/audit/${path}`);
  const head = await found(async () => {
    const reply = await file("checkpoint");
    return reply.ok && new Uint8Array(await reply.arrayBuffer());
  });
  const [key] = await signerKeys(server.storage.database);
  assert.ok(key);
  const policy = { origin: key.name, logKeys: [key], witnessKeys: [], quorum: 0 };
  const judged = await judgeCheckpoint(nodePrimitives, head, policy);
  assert.ok(judged.ok);
  const tile = await file(`tile/0/000.p/${judged.value.size}`);
  assert.equal((await tile.arrayBuffer()).byteLength, 32 * judged.value.size);
  for (const path of ["", "keys", "tile/0/..%2f..%2fcheckpoint", "%2e%2e%2fkeys/local", "tile/9/000"])
    assert.equal((await file(path)).status, 404, path);
});
