import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { directoryRepository, waitingErasures } from "@rempart/database/backup";
import { scratchPlace } from "@rempart/testing";
import { invariantChecks } from "../src/drill/invariants.ts";
import { Administrator } from "./support/administrator.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

test("an erasure is acknowledged with its record: by its owner, by an administrator, by an operator, with the repository away", async (t) => {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-account-erasure-"));
  t.after(() => rm(place, { recursive: true, force: true }));
  const directory = join(place, "backups");
  await using server = await testMessenger({
    env: { BACKUP_REPOSITORY: `file:${directory}`, BACKUP_ENGINE: "none" },
  });
  const { database } = server.storage;
  const pages = () => Array.fromAsync(directoryRepository(directory).list("erasures/0"), ({ name }) => name);
  const admin = await Administrator.arrive(server);
  const [ada, bob, eve, kim] = await Promise.all(
    ["Ada", "Bob", "Eve", "Kim"].map((name) => Person.arrive(server.publicUrl, name)),
  );
  assert.ok(ada && bob && eve && kim);

  const left = await ada.call("eraseAccount");
  assert.deepEqual([left.status, left.body], [200, { recorded: true }]);
  assert.equal((await pages()).length, 1);
  assert.equal((await ada.call("session")).code, "unauthenticated");

  const removed = await admin.ask(`/admin/users/${bob.id}`, { method: "DELETE" });
  assert.deepEqual([removed.status, removed.body], [200, { recorded: true }]);
  assert.equal((await pages()).length, 2);
  assert.equal((await admin.ask(`/admin/users/${bob.id}`, { method: "DELETE" })).body.code, "unknown-user");

  await rename(directory, `${directory}-away`);
  await writeFile(directory, "");
  assert.deepEqual((await eve.call("eraseAccount")).body, { recorded: false });
  assert.equal((await waitingErasures(database)).count, 1);
  await rm(directory);
  await rename(`${directory}-away`, directory);
  await using installation = await server.installation();
  await installation.identity.administration.erase({ kind: "operator", name: "test" }, kim.id);
  assert.equal(await installation.erasuresRecorded(), true);
  assert.deepEqual(await waitingErasures(database), { count: 0, since: null });

  const gone = [ada.id, bob.id, eve.id, kim.id];
  assert.deepEqual(await database.query("SELECT FROM users WHERE id = ANY($1::uuid[])", [gone]), []);
  const kept = await database.query<{ subject: string; sealed_key: string | null }>(
    "SELECT subject, sealed_key FROM audit_subjects WHERE subject = ANY($1) ORDER BY subject",
    [gone],
  );
  assert.deepEqual(
    kept,
    gone.toSorted().map((subject) => ({ subject, sealed_key: null })),
  );
  const told = await database.query<{ type: string; id: string; actor: string | null }>(
    `SELECT event_name AS type, resource_id AS id, user_id AS actor FROM audit_logs
     WHERE event_name IN ('account.deleted', 'audit.subject.erased') AND resource_id = ANY($1)`,
    [gone.slice(0, 2)],
  );
  assert.deepEqual(
    new Set(told.map(({ type, id, actor }) => `${type} ${id} ${actor}`)),
    new Set([
      `account.deleted ${ada.id} ${ada.id}`,
      `audit.subject.erased ${ada.id} null`,
      `account.deleted ${bob.id} ${admin.person.id}`,
      `audit.subject.erased ${bob.id} null`,
    ]),
  );
});

test("who is erased has left: nothing more is encrypted to them, members are told, and a group keeps an owner", async () => {
  await using server = await testMessenger();
  const [ada, bob, eve] = await Promise.all(
    ["Ada", "Bob", "Eve"].map((name) => Person.arrive(server.publicUrl, name)),
  );
  assert.ok(ada && bob && eve);
  const [group, pair] = [await ada.converse([bob, eve]), await ada.converse([bob])];
  await ada.must("setRole", { params: { conversationId: group, userId: eve.id }, body: { role: "admin" } });
  const socket = await bob.connect();
  await ada.must("eraseAccount");
  for (const id of [group, pair]) {
    const params = { conversationId: id };
    assert.equal((await bob.send(id, "to whom?")).code, "pending-removals");
    assert.deepEqual((await bob.must("conversation", { params })).conversation.orphans, [ada.deviceId]);
    assert.equal((await bob.commit(id, { remove: [ada.deviceId] })).status, 201);
    assert.equal((await bob.send(id, "to us")).status, 201);
  }
  const { conversation } = await bob.must("conversation", { params: { conversationId: group } });
  assert.deepEqual(
    conversation.members
      .map(({ userId, role }: { userId: string; role: string }) => [userId, role])
      .toSorted(),
    [
      [bob.id, "member"],
      [eve.id, "owner"],
    ].toSorted(),
  );
  const { messages } = await bob.must("messages", { params: { conversationId: group }, query: { after: 1 } });
  const events = messages.flatMap(({ event }: { event?: object }) => (event === undefined ? [] : [event]));
  assert.deepEqual(events.slice(1), [
    { type: "role", userId: eve.id, role: "owner" },
    { type: "left", userId: ada.id },
  ]);
  await socket.next("message", ({ m }) => m.kind === "event" && m.event.type === "left");
  socket.close();
  for (const check of invariantChecks)
    assert.deepEqual(await check.run(server.storage.database), [], check.name);
});
