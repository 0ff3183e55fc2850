/** What administrators see of alerts, do about them, and follow as it happens. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { MemoryNetwork } from "../src/bus/memory.ts";
import { Administrator, askAdmin } from "./support/administrator.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";
import { watchedMessenger } from "./support/watched.ts";

const NOBODY = "00000000-0000-7000-8000-000000000000";
const HOUR_MS = 3_600_000;

/** One who may not asks for the administration: an alert fires at the next look. */
async function trespass(server: Parameters<typeof askAdmin>[0]): Promise<void> {
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { accessToken } = await sam.must("refresh");
  await askAdmin(server, "/admin/users/search", { headers: { authorization: `Bearer ${accessToken}` } });
}

/** What the tests look at of an alert as it is answered. */
interface ListedAlert {
  readonly id: string;
  readonly rule: string;
  readonly phase: string;
  readonly severity: string;
  readonly acknowledgedBy: string | null;
  readonly heldBy: readonly { readonly kind: string; readonly by: string }[];
}

/** A machine that is busy may have more to tell of. */
function trespassIn(alerts: readonly ListedAlert[]): ListedAlert | undefined {
  return alerts.find(({ rule }) => rule === "UnauthorizedAdminAccess");
}

test("what was watched is there for the next process, and no business of processes that share the work", async () => {
  for (const [env, isKept] of [
    [{}, true],
    [{ REDIS_URL: "redis://127.0.0.1:1" }, false],
  ] as const) {
    await using watched = await watchedMessenger({ env, bus: new MemoryNetwork().join() });
    const { server, watch } = watched;
    await watch.pass(2);
    const history = join(server.env.DATA_DIRECTORY ?? "", "history", "whole");
    await server.stop();
    const head = await readFile(history, "latin1").catch(() => "");
    assert.equal(head.startsWith("rempart history"), isKept);
  }
});

test("an alert is listed, explained with its samples, acknowledged, silenced and told no more; each act is recorded", async () => {
  await using watched = await watchedMessenger();
  const { server, watch, receiver } = watched;
  const admin = await Administrator.arrive(server);
  await watch.pass(60, 10);
  assert.equal(trespassIn((await admin.ask("/api/admin/alerts")).body.alerts), undefined);
  await trespass(server);
  await watch.pass(2);

  const { body: listed } = await admin.ask("/api/admin/alerts");
  const alert = trespassIn(listed.alerts);
  assert.deepEqual(
    [alert?.rule, alert?.phase, alert?.severity],
    ["UnauthorizedAdminAccess", "firing", "critical"],
  );
  assert.deepEqual(listed.failedRules, []);
  assert.ok(Math.abs(listed.evaluatedAt - watch.clock.now()) < 1_000);
  const { explanation } = (await admin.ask("/api/admin/alerts/UnauthorizedAdminAccess/explain")).body;
  assert.equal(explanation.alerts[0].fingerprint, alert?.id);
  assert.match(explanation.expression.promql, /admin_access_denied_total/);
  assert.match(JSON.stringify(explanation.expression), /"samples":\[\{"labels"/);
  assert.equal((await admin.ask("/api/admin/alerts/Nonsense/explain")).status, 404);

  const act = { method: "POST" };
  assert.equal((await admin.ask(`/api/admin/alerts/${alert?.id}/acknowledge`, act)).status, 204);
  assert.equal((await admin.ask("/api/admin/alerts/0123456789abcdef/acknowledge", act)).status, 404);
  const acknowledged = trespassIn((await admin.ask("/api/admin/alerts")).body.alerts);
  assert.equal(acknowledged?.acknowledgedBy, admin.person.id);

  const body = { where: { component: "security" }, reason: "it is us", until: watch.clock.now() + HOUR_MS };
  const silenced = await admin.ask("/api/admin/silences", { ...act, body });
  assert.equal(silenced.status, 200);
  const { silence } = silenced.body;
  assert.deepEqual([silence.kind, silence.author, silence.reason], ["silence", admin.person.id, "it is us"]);
  await watch.pass(15);
  const before = receiver.told.length;
  await trespass(server);
  await watch.pass(4);
  const held = trespassIn((await admin.ask("/api/admin/alerts")).body.alerts);
  assert.deepEqual(held?.heldBy.map(({ kind, by }) => [kind, by])[0], ["silence", silence.id]);
  assert.equal(receiver.wasTold("UnauthorizedAdminAccess", "firing", before), false);
  const weekly = { weekday: 0, startMinute: 120, minutes: 60, timeZone: "Europe/Paris" };
  const window = { where: { component: "database" }, reason: "patches", when: weekly };
  assert.deepEqual(
    (await admin.ask("/api/admin/maintenance", { ...act, body: window })).body.silence.when,
    weekly,
  );
  assert.equal((await admin.ask("/api/admin/silences")).body.silences.length, 2);
  const end = { method: "DELETE" };
  assert.equal((await admin.ask(`/api/admin/silences/${silence.id}`, end)).status, 204);
  assert.equal((await admin.ask(`/api/admin/silences/${NOBODY}`, end)).status, 404);

  const rows = await server.storage.database.query<{ name: string; by: string; type: string }>(
    `SELECT event_name AS name, user_id AS by, resource_type AS type FROM audit_logs
     WHERE event_name LIKE 'admin.operation.%' ORDER BY created_at, id`,
  );
  assert.deepEqual(
    rows.map(({ name, type }) => `${name} ${type}`),
    [
      "admin.operation.update alert",
      "admin.operation.create silence",
      "admin.operation.create silence",
      "admin.operation.delete silence",
    ],
  );
  assert.ok(rows.every(({ by }) => by === admin.person.id));
});

test("what a silence may not be is refused, and none is made", async () => {
  await using watched = await watchedMessenger();
  const admin = await Administrator.arrive(watched.server);
  const until = watched.watch.clock.now() + HOUR_MS;
  const where = { component: "security" };
  const wrong = [
    { where: {}, reason: "everything", until },
    { where, reason: " ", until },
    { where, reason: "over before it begins", until: 1 },
    { where, reason: "for good", until: until + 31 * 24 * HOUR_MS },
    { where: { "a b": "x" }, reason: "no label", until },
    { where: { a: { matches: ".*" } }, reason: "no condition", until },
  ];
  for (const body of wrong) {
    const reply = await admin.ask("/api/admin/silences", { method: "POST", body });
    assert.deepEqual([reply.status, reply.body.code], [422, "validation-failed"], body.reason);
  }
  const when = { weekday: 1, startMinute: 0, minutes: 30, timeZone: "Mars/Olympus" };
  const body = { where, reason: "no such zone", when };
  assert.equal((await admin.ask("/api/admin/maintenance", { method: "POST", body })).status, 422);
  assert.deepEqual((await admin.ask("/api/admin/silences")).body.silences, []);
});

test("what is promised is shown with what is left of it", async () => {
  await using watched = await watchedMessenger();
  await watched.watch.pass(10, 5);
  const admin = await Administrator.arrive(watched.server);
  // A request each minute: of one alone, an increase that is read every five minutes may see nothing, as in Prometheus.
  for (let minute = 0; minute < 10; minute += 1) {
    await fetch(`${watched.server.publicUrl}/health`);
    await watched.watch.pass(1);
  }
  await admin.refresh();
  const { objectives } = (await admin.ask("/api/admin/objectives")).body;
  const availability = objectives.find(({ name }: { name: string }) => name === "Availability");
  assert.deepEqual([availability.target, availability.budgetLeft], [0.99, 1]);
  assert.deepEqual(availability.burn, { "1h": 0, "6h": 0, "1d": 0, "3d": 0 });
});

test("only who may sees any of it, and where nothing is watched that is said", async () => {
  await using server = await testMessenger();
  const admin = await Administrator.arrive(server);
  const sam = await Person.arrive(server.publicUrl, "Sam");
  const { accessToken } = await sam.must("refresh");
  const paths = ["alerts", "alerts/X/explain", "silences", "objectives", "stream"];
  for (const path of paths) {
    const headers = { authorization: `Bearer ${accessToken}` };
    assert.equal((await askAdmin(server, `/api/admin/${path}`)).status, 401, path);
    assert.equal((await askAdmin(server, `/api/admin/${path}`, { headers })).body.code, "forbidden", path);
    assert.equal((await admin.ask(`/api/admin/${path}`)).body.code, "not-configured", path);
  }
});

/** A reader of the stream: what it was told, as the names of events. */
async function follow(admin: Administrator, adminUrl: string, lastId?: string) {
  const response = await fetch(`${adminUrl}/api/admin/stream`, {
    headers: {
      authorization: `Bearer ${admin.token}`,
      ...(lastId === undefined ? {} : { "last-event-id": lastId }),
    },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  const ended = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += decoder.decode(part.value, { stream: true });
  })();
  return {
    events: () => [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name),
    data: (event: string) =>
      [...text.matchAll(/^event: (.+)\n(?:id: .+\n)?data: (.+)$/gm)]
        .filter(([, name]) => name === event)
        .map(([, , data]) => JSON.parse(data ?? "")),
    lastId: () => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "",
    ended,
    leave: () => reader.cancel(),
  };
}

test("who follows is told how things stand, then of each evaluation; who comes back, of what they missed", async () => {
  await using watched = await watchedMessenger();
  const { server, watch } = watched;
  const admin = await Administrator.arrive(server);
  await watch.pass(2);
  const first = await follow(admin, server.adminUrl);
  await until(() => first.events().length === 1);
  assert.deepEqual(first.events(), ["snapshot"]);
  assert.deepEqual(Object.keys(first.data("snapshot")[0]).toSorted(), ["alerts", "metrics"]);
  await trespass(server);
  await watch.pass(2);
  await until(() => first.events().length === 5);
  assert.ok(trespassIn(first.data("alerts").at(-1).alerts));
  assert.equal(first.data("metrics").at(-1).connections, 0);
  const lastId = first.lastId();
  await first.leave();
  await watch.pass(1);
  const second = await follow(admin, server.adminUrl, lastId);
  await until(() => second.events().length === 2);
  assert.deepEqual(second.events(), ["metrics", "alerts"], "exactly what was missed");
  await second.leave();
});

test("a session that is ended ends its stream, and so does the server's stop", async () => {
  await using watched = await watchedMessenger();
  const { server } = watched;
  const admin = await Administrator.arrive(server);
  const readers = await Promise.all([follow(admin, server.adminUrl), follow(admin, server.adminUrl)]);
  await admin.person.must("signOut");
  await Promise.all(readers.map(({ ended }) => ended));
  await using other = await watchedMessenger();
  const last = await follow(await Administrator.arrive(other.server), other.server.adminUrl);
  await other.server.stop();
  await last.ended;
});
