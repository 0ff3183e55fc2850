import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import fc from "fast-check";
import type { AdminRoute } from "../src/http/admin/route.ts";
import { ADMIN_ROUTES } from "../src/http/admin/routes.ts";
import { Administrator, askAdmin } from "./support/administrator.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const NOBODY = "00000000-0000-7000-8000-000000000000";
const NEXT_PASSWORD = "nine lanterns over water";

test("an administrator finds, suspends, reactivates, promotes and bans somebody, and each act is recorded with its actor", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { account } = await sam.must("session");
  const at = `/admin/users/${sam.id}`;

  const found = await admin.ask(`/admin/users/search?q=${encodeURIComponent(account.email)}`);
  assert.deepEqual(
    found.body.users.map(({ id, status }: { id: string; status: string }) => [id, status]),
    [[sam.id, "ACTIVE"]],
  );
  assert.equal((await admin.ask(at)).body.user.email, account.email);
  const socket = await sam.connect();
  const until = Date.now() + 60_000;
  const suspended = await admin.ask(`${at}/suspend`, { method: "POST", body: { reason: "spam", until } });
  assert.equal(suspended.status, 204);
  await socket.closed;
  assert.equal((await sam.call("session")).code, "unauthenticated");
  const { user } = (await admin.ask(at)).body;
  assert.deepEqual([user.status, user.suspendedUntil, user.suspensionReason], ["SUSPENDED", until, "spam"]);
  assert.equal((await admin.ask("/admin/users/search?status=SUSPENDED&limit=1")).body.users[0].id, sam.id);

  assert.equal((await admin.ask(`${at}/reactivate`, { method: "POST" })).status, 204);
  const promoted = await admin.ask(`${at}/role`, { method: "PATCH", body: { role: "MODERATOR" } });
  assert.equal(promoted.status, 204);
  assert.equal((await admin.ask(at)).body.user.role, "MODERATOR");
  const banned = await admin.ask(`${at}/ban`, { method: "POST", body: { reason: "abuse", addresses: true } });
  assert.deepEqual(banned.body.addresses, ["127.0.0.1"]);

  const rows = await server.storage.database.query<{ type: string; actor: string; id: string }>(
    `SELECT event_name AS type, user_id AS actor, resource_id AS id FROM audit_logs
     WHERE event_name LIKE 'account.%' OR event_name = 'privilege.changed' ORDER BY created_at, id`,
  );
  assert.deepEqual(
    rows.map(({ type }) => type),
    ["account.suspended", "account.reactivated", "privilege.changed", "account.banned"],
  );
  for (const { actor, id } of rows) assert.deepEqual([actor, id], [admin.person.id, sam.id]);
});

test("with an account the addresses it was used from are banned, in every process, but never those of our own networks", async () => {
  await using server = await testMessenger({ env: { TRUSTED_PROXY_HOPS: "1" } });
  const admin = await Administrator.arrive(server);
  await using sibling = await server.sibling();
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { database } = server.storage;
  await database.query("UPDATE sessions SET ip_address = '203.0.113.9' WHERE user_id = $1", [sam.id]);
  const from = async (url: string, address: string) =>
    (await fetch(`${url}/api/v1/auth/session`, { headers: { "x-forwarded-for": address } })).status;
  assert.equal(await from(sibling.publicUrl, "203.0.113.9"), 401);
  const ban = { method: "POST", body: { reason: "abuse", addresses: true } };
  const { body } = await admin.ask(`/admin/users/${sam.id}/ban`, ban);
  assert.deepEqual(body.addresses, ["203.0.113.9"]);
  for (const { publicUrl } of [server, sibling]) {
    await until(async () => (await from(publicUrl, "203.0.113.9")) === 403);
    assert.equal(await from(publicUrl, "203.0.113.10"), 401);
  }
  const kim = await Person.arrive(server.publicUrl, "Kim");
  await database.query("UPDATE sessions SET ip_address = '10.1.2.3' WHERE user_id = $1", [kim.id]);
  await admin.ask(`/admin/users/${kim.id}/ban`, ban);
  assert.deepEqual(await database.query("SELECT host(network) AS address, reason FROM network_bans"), [
    { address: "203.0.113.9", reason: `account ${sam.id}` },
  ]);
});

test("a link that an administrator made sets a new password once", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { email } = (await sam.must("session")).account;
  const reset = (body: object) => admin.ask("/admin/users/reset-password", { method: "POST", body });
  assert.equal((await reset({ email: "nobody@example.org" })).body.code, "unknown-user");
  assert.equal(
    (await reset({ email: "Sam" })).body.code,
    "validation-failed",
    "no name stands for an address",
  );
  const { link, expiresAt } = (await reset({ email: email.toUpperCase() })).body;
  assert.ok(link.startsWith(`${server.publicUrl}/#reset-password=`), link);
  assert.ok(Math.abs(expiresAt - Date.now() - 3_600_000) < 60_000);
  const token = new URL(link).hash.slice("#reset-password=".length);
  const body = { token, password: NEXT_PASSWORD };
  await sam.must("resetPassword", { body });
  assert.equal((await sam.call("resetPassword", { body })).code, "invalid-link");
  assert.equal((await sam.call("session")).code, "unauthenticated", "a reset ends every session");
});

test("sessions are shown and ended, and a person's data exported without a secret", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const at = `/admin/users/${sam.id}`;
  const [session] = (await admin.ask(`${at}/sessions`)).body.sessions;
  assert.deepEqual([session.address, session.amr], ["127.0.0.1", ["pwd"]]);
  const exported = await admin.ask(`${at}/export`);
  assert.equal(exported.body.account.id, sam.id);
  assert.ok(!/token|hash|seed/i.test(JSON.stringify(exported.body)));
  assert.deepEqual((await admin.ask(`${at}/sessions`, { method: "DELETE" })).body, { ended: 1 });
  assert.equal((await sam.call("session")).code, "unauthenticated");
});

test("who may not is told why: no credential, a cookie, a user, an administrator without a second factor", async () => {
  await using server = await testMessenger();
  const bare = await Administrator.withoutFactor(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const search = "/admin/users/search";
  const anonymous = await askAdmin(server, search);
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.headers.get("www-authenticate"), 'Bearer realm="rempart"');
  const cookie = await askAdmin(server, search, { headers: { cookie: bare.person.cookie } });
  assert.equal(cookie.status, 401, "a cookie is no credential here");
  const { accessToken } = await sam.must("refresh");
  const user = await askAdmin(server, search, { headers: { authorization: `Bearer ${accessToken}` } });
  assert.deepEqual([user.status, user.body.code], [403, "forbidden"]);
  assert.equal((await bare.ask(search)).body.code, "mfa-enrolment-required");
  assert.equal((await bare.ask("/api/admin/security-metrics")).body.code, "mfa-enrolment-required");
  const outside = await fetch(`${server.publicUrl}${search}`, {
    headers: { authorization: `Bearer ${bare.token}` },
  });
  assert.doesNotMatch(await outside.text(), /"users"|"code"/, "the public listener serves none of it");
});

test("an API key does what it names and no more, and nothing that asks for a fresh proof", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const created = await admin.person.must("createApiKey", {
    body: { name: "watch", permissions: ["users.search", "metrics.read"] },
  });
  const headers = { authorization: `Bearer ${created.secret}` };
  assert.equal((await askAdmin(server, "/admin/users/search?q=Sam", { headers })).body.users[0].id, sam.id);
  assert.equal((await askAdmin(server, "/api/admin/security-metrics", { headers })).status, 200);
  const body = { reason: "x" };
  for (const act of ["suspend", "ban"]) {
    const reply = await askAdmin(server, `/admin/users/${sam.id}/${act}`, { method: "POST", headers, body });
    assert.deepEqual([reply.status, reply.body.code], [403, "forbidden"], act);
  }
});

test("security metrics are counted from what happened", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { email } = (await sam.must("session")).account;
  const metrics = "/api/admin/security-metrics";
  assert.equal((await admin.ask(metrics)).body.authSuccessRate, null, "nobody signed in yet");
  for (let i = 0; i < 2; i++) await sam.call("signIn", { body: { email, password: "not the password" } });
  await fetch(`${server.publicUrl}/api/v1/auth/sign-in`, {
    method: "POST",
    headers: { origin: "https://evil.example", "content-type": "application/json" },
    body: JSON.stringify({ email, password: "x" }),
  });
  const { body } = await admin.ask(metrics);
  assert.equal(body.authSuccessRate, 0);
  assert.ok(body.csrfBlockRate > 0 && body.csrfBlockRate < 50, String(body.csrfBlockRate));
  assert.equal(body.kmsFailoverRate, null, "no key service is configured");
  assert.equal(typeof body.avgSessionDuration, "number");
  assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
  const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
  assert.match(text, /^auth_attempts_total\{outcome="wrong-password"\} 2$/m);
  assert.match(text, /^csrf_blocks_total\{reason="origin-not-allowed"\} 1$/m);
  assert.match(text, /^auth_session_duration_minutes \d/m);
  assert.doesNotMatch(
    text,
    /^auth_success_rate /m,
    "rates are derived from the counters by who watches them",
  );
});

test("credentials are counted by address before they are looked at", async () => {
  await using server = await testMessenger({ env: { RATE_LIMIT_AUTH_MAX: "1" } });
  const statuses: number[] = [];
  for (let i = 0; i < 35; i++) {
    const { status } = await askAdmin(server, "/admin/users/search", {
      headers: { authorization: `Bearer rmpk_${i}` },
    });
    statuses.push(status);
  }
  assert.deepEqual([...new Set(statuses)], [401, 429]);
  assert.equal(statuses.filter((status) => status === 401).length, 30);
  assert.equal((await fetch(`${server.adminUrl}/metrics`)).status, 200, "the metrics are still served");
});

test("whatever is sent to any route is answered with a problem", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const names = Object.keys(ADMIN_ROUTES) as (keyof typeof ADMIN_ROUTES)[];
  const any = fc.record({
    name: fc.constantFrom(...names.filter((name) => ADMIN_ROUTES[name].method !== "DELETE")),
    id: fc.oneof(fc.constant(NOBODY), fc.string({ unit: "grapheme" })),
    query: fc.string(),
    body: fc.jsonValue(),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ name, id, query, body }) => {
      const route: AdminRoute = ADMIN_ROUTES[name];
      const path = route.path.replace(":userId", encodeURIComponent(id) || "x");
      const search =
        route.query === undefined ? "" : `?q=${encodeURIComponent(query)}&after=${encodeURIComponent(id)}`;
      const sent = route.method === "GET" ? {} : { body };
      const reply = await admin.ask(`${path}${search}`, { method: route.method, ...sent });
      assert.ok(reply.status < 500, `${name}: ${reply.status}`);
      if (reply.status >= 400) assert.equal(typeof reply.body.code, "string");
    }),
    { numRuns: 150 },
  );
});
