import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  createDatabase,
  type Database,
  type EmbeddedPostgres,
  migrate,
  startEmbeddedPostgres,
} from "@rempart/database";
import { setUpInsights } from "@rempart/database/insights";
import { scratchPlace } from "@rempart/testing";
import { messengerMigrations } from "../src/operator.ts";

/** The statements of the administrators' guide: names of tables, columns and database are what an operator types. */
let server: EmbeddedPostgres;
let directory: string;
let database: Database;
const [ada, bob, gone] = [randomUUID(), randomUUID(), randomUUID()];
const conversation = randomUUID();

before(async () => {
  directory = await mkdtemp(join(await scratchPlace(), "rempart-operator-"));
  await chmod(directory, 0o711);
  server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), durable: false });
  const maintenance = createDatabase({ url: server.url, poolSize: 1 });
  await maintenance.query("CREATE DATABASE securemessenger");
  await maintenance.close();
  database = createDatabase({ url: withDatabase(server.url) });
  await migrate(database, messengerMigrations);
  await fill();
});

after(async () => {
  await database.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

function withDatabase(url: string): string {
  const changed = new URL(url);
  changed.pathname = "/securemessenger";
  return changed.href;
}

async function fill(): Promise<void> {
  await addUser(ada, "ada@example.org", { created: "now()", active: "now() - interval '1 day'" });
  await addUser(bob, "bob@example.org", {
    created: "now() - interval '40 days'",
    active: "now() - interval '8 days'",
  });
  await addUser(gone, "gone@example.org", { created: "now() - interval '2 years'", active: "NULL" });
  await addConversation();
  for (const [sender, count] of [
    [ada, 3],
    [bob, 1],
    [gone, 2],
  ] as const)
    for (let i = 0; i < count; i += 1) await addMessage(sender, null);
}

async function addUser(
  id: string,
  email: string,
  { created, active }: { created: string; active: string },
): Promise<void> {
  await database.query(
    `INSERT INTO users (id, email, name, created_at, last_active_at) VALUES ($1, $2, 'Sam', ${created}, ${active})`,
    [id, email],
  );
}

async function addConversation(): Promise<void> {
  await database.query(
    `INSERT INTO conversations (id, kind, suite, epoch, head_seq, created_at, last_message_at)
     VALUES ($1, 'group', 'x25519', 1, 0, now(), now())`,
    [conversation],
  );
  await database.query(
    `INSERT INTO conversation_members (conversation_id, user_id, role, joined_at, joined_seq, changed_at)
     SELECT $1, id, 'member', now(), 0, now() FROM users`,
    [conversation],
  );
}

let seq = 0;
async function addMessage(sender: string, media: string | null): Promise<void> {
  seq += 1;
  await database.query(
    `INSERT INTO messages (id, conversation_id, seq, sender_id, kind, epoch, body, media_id, created_at)
     VALUES ($1, $2, $3, $4, 'application', 1, $5, $6, now())`,
    [randomUUID(), conversation, seq, sender, randomBytes(32), media],
  );
  await database.query("UPDATE conversations SET head_seq = $2 WHERE id = $1", [conversation, seq]);
}

async function addMedia(owner: string, key: string, megabytes: number, days: number): Promise<string> {
  const id = randomUUID();
  await database.query(
    `INSERT INTO media_files (id, user_id, s3_key, size, digest, created_at, stored_at)
     VALUES ($1, $2, $3, $4, $5, now() - make_interval(days => $6), now())`,
    [id, owner, key, megabytes * 1024 ** 2, randomBytes(32), days],
  );
  return id;
}

test("an account is found by its address", async () => {
  const rows = await database.query<{ id: string }>(
    "SELECT id, email, name, created_at, last_active_at FROM users WHERE email = 'ada@example.org'",
  );
  assert.deepEqual(
    rows.map(({ id }) => id),
    [ada],
  );
});

test("statistics of users count who is active, new, and how much they sent", async () => {
  assert.deepEqual(
    await database.query(
      "SELECT COUNT(*) as active_users FROM users WHERE last_active_at > NOW() - INTERVAL '7 days'",
    ),
    [{ active_users: 1 }],
  );
  assert.deepEqual(
    await database.query(
      "SELECT COUNT(*) as new_users_today FROM users WHERE created_at::date = CURRENT_DATE",
    ),
    [{ new_users_today: 1 }],
  );
  assert.deepEqual(
    await database.query(
      `SELECT u.email, COUNT(m.id) as message_count FROM users u JOIN messages m ON m.sender_id = u.id
       GROUP BY u.id ORDER BY message_count DESC LIMIT 10`,
    ),
    [
      { email: "ada@example.org", message_count: 3 },
      { email: "gone@example.org", message_count: 2 },
      { email: "bob@example.org", message_count: 1 },
    ],
  );
});

test("storage is added up by owner, and old media that no message refers to are listed", async () => {
  const used = await addMedia(ada, "media/used", 3, 100);
  await addMedia(ada, "media/new", 2, 1);
  await addMedia(bob, "media/unused", 9, 100);
  await addMessage(ada, used);
  assert.deepEqual(
    await database.query(
      `SELECT u.email, SUM(mf.size) / 1024 / 1024 as size_mb FROM users u
       JOIN media_files mf ON mf.user_id = u.id GROUP BY u.id ORDER BY size_mb DESC LIMIT 20`,
    ),
    [
      { email: "bob@example.org", size_mb: "9.0000000000000000" },
      { email: "ada@example.org", size_mb: "5.0000000000000000" },
    ],
  );
  const unused = await database.query<{ s3_key: string; size: number }>(
    `SELECT mf.s3_key, mf.size, mf.created_at FROM media_files mf LEFT JOIN messages m ON m.media_id = mf.id
     WHERE mf.created_at < NOW() - INTERVAL '90 days' AND m.id IS NULL`,
  );
  assert.deepEqual(
    unused.map(({ s3_key, size }) => [s3_key, size]),
    [["media/unused", 9 * 1024 ** 2]],
  );
});

test("pending reports name both sides", async () => {
  const add = (status: string, resolution: string): Promise<object[]> =>
    database.query(
      `INSERT INTO reports (id, reporter_id, reported_user_id, reason, status, created_at, resolved_at, action)
       VALUES ($1, $2, $3, 'SPAM', $4, now(), ${resolution})`,
      [randomUUID(), bob, ada, status],
    );
  await add("PENDING", "NULL, NULL");
  await add("RESOLVED", "now(), 'NO_ACTION'");
  await assert.rejects(add("PENDING", "now(), 'WARNING'"), { code: "check-violation" });
  const rows = await database.query<{ reporter: string; reported_user: string; status: string }>(
    `SELECT r.id, r.reason, r.created_at, u_reporter.email as reporter, u_reported.email as reported_user, r.status
     FROM reports r JOIN users u_reporter ON r.reporter_id = u_reporter.id
     JOIN users u_reported ON r.reported_user_id = u_reported.id
     WHERE r.status = 'PENDING' ORDER BY r.created_at DESC`,
  );
  assert.deepEqual(
    rows.map(({ reporter, reported_user, status }) => [reporter, reported_user, status]),
    [["bob@example.org", "ada@example.org", "PENDING"]],
  );
});

test("suspending, bringing back and banning are statements too, and a typed ban is one of the listener's", async () => {
  const statusOf = async (): Promise<unknown> =>
    (await database.query("SELECT status FROM users WHERE id = $1", [bob]))[0];
  await database.query(
    "UPDATE users SET status = 'SUSPENDED', suspended_at = NOW() WHERE email = 'bob@example.org'",
  );
  assert.deepEqual(await statusOf(), { status: "SUSPENDED" });
  await database.query(
    `UPDATE users SET status = 'SUSPENDED', suspended_until = NOW() + INTERVAL '7 days',
     suspension_reason = 'Repeated spam' WHERE id = '${bob}'`,
  );
  await database.query(
    "UPDATE users SET status = 'ACTIVE', suspended_at = NULL WHERE email = 'bob@example.org'",
  );
  assert.deepEqual(await statusOf(), { status: "ACTIVE" });
  await database.query(
    `UPDATE users SET status = 'BANNED', banned_at = NOW(), ban_reason = 'Harassment and threats' WHERE id = '${bob}'`,
  );
  assert.deepEqual(await statusOf(), { status: "BANNED" });
  await database.query(
    "INSERT INTO banned_ips (ip_address, reason) VALUES ('1.2.3.4', 'Associated with banned user')",
  );
  assert.deepEqual(await database.query("SELECT network::text, reason, until FROM network_bans"), [
    { network: "1.2.3.4/32", reason: "Associated with banned user", until: null },
  ]);
});

test("security events are listed by kind, and failed sign-ins counted by address", async () => {
  await database.query(
    "INSERT INTO audit_event_kinds (event_type, label, severity) VALUES ('auth.login.failed', 'LOGIN_FAILED', 'warning')",
  );
  for (let i = 0; i < 8; i += 1) await addFailedSignIn(i < 6 ? "203.0.113.7" : "198.51.100.9");
  const events = await database.query<{ event_type: string }>(
    `SELECT * FROM audit_logs WHERE event_type IN ('LOGIN_FAILED', 'SUSPICIOUS_ACTIVITY', 'KEY_CHANGE')
     ORDER BY created_at DESC LIMIT 100`,
  );
  assert.deepEqual(
    events.map(({ event_type }) => event_type),
    Array<string>(8).fill("LOGIN_FAILED"),
  );
  assert.deepEqual(
    await database.query(
      `SELECT ip_address, COUNT(*) as attempts FROM audit_logs
       WHERE event_type = 'LOGIN_FAILED' AND created_at > NOW() - INTERVAL '1 hour'
       GROUP BY ip_address HAVING COUNT(*) > 5 ORDER BY attempts DESC`,
    ),
    [{ ip_address: "203.0.113.7", attempts: 6 }],
  );
});

function addFailedSignIn(address: string): Promise<object[]> {
  return database.query(
    `INSERT INTO audit_entries (id, created_at, event_type, retention, body, ip_address, salt, commitment)
     VALUES ($1, now(), 'auth.login.failed', 'security', '{}', $2, $3, $4)`,
    [randomUUID(), address, randomBytes(16), randomBytes(32)],
  );
}

test("the indexes that the guide makes are there, and no table is without one", async () => {
  await database.query("ANALYZE");
  const bare = await database.query(
    `SELECT schemaname, tablename, attname FROM pg_stats WHERE schemaname = 'public' AND n_distinct > 100
     AND tablename NOT IN (SELECT tablename FROM pg_indexes WHERE schemaname = 'public')`,
  );
  assert.deepEqual(bare, []);
  for (const [name, rest] of [
    ["idx_messages_conversation", "messages(conversation_id, created_at DESC)"],
    ["idx_users_last_active", "users(last_active_at) WHERE status = 'ACTIVE'"],
  ]) {
    await assert.rejects(database.query(`CREATE INDEX CONCURRENTLY ${name} ON ${rest}`), {
      details: { sqlState: "42P07" },
    });
    await database.query(`CREATE INDEX CONCURRENTLY ${name}_again ON ${rest}`);
    const [ours, theirs] = await database.query<{ definition: string }>(
      `SELECT replace(indexdef, '_again', '') AS definition FROM pg_indexes WHERE indexname IN ('${name}', '${name}_again')`,
    );
    assert.ok(ours);
    assert.deepEqual(ours, theirs);
  }
});

test("an account deleted ninety days ago is erased, and what it wrote to others stays theirs", async () => {
  const media = await addMedia(gone, "media/gone", 1, 100);
  const device = randomUUID();
  await database.query(
    "INSERT INTO devices (id, user_id, name, signature_key, created_at, last_used_at) VALUES ($1, $2, 'x', $3, now(), now())",
    [device, gone, randomBytes(32)],
  );
  for (const [reporter, reported] of [
    [gone, ada],
    [ada, gone],
  ])
    await database.query(
      "INSERT INTO reports (id, reporter_id, reported_user_id, reason, created_at) VALUES ($1, $2, $3, 'SPAM', now())",
      [randomUUID(), reporter, reported],
    );
  const erase = (): Promise<object[]> =>
    database.query("DELETE FROM users WHERE status = 'DELETED' AND deleted_at < NOW() - INTERVAL '90 days'");
  for (const days of [89, 91]) {
    await database.query(
      "UPDATE users SET status = 'DELETED', deleted_at = now() - make_interval(days => $2) WHERE id = $1",
      [gone, days],
    );
    await erase();
    const left = await database.query("SELECT id FROM users WHERE id = $1", [gone]);
    assert.equal(left.length, days === 89 ? 1 : 0);
  }
  const count = async (text: string): Promise<unknown> => (await database.query(text))[0];
  assert.deepEqual(
    await count(`SELECT count(*) AS n FROM messages WHERE sender_id = '${gone}' AND kind = 'application'`),
    { n: 2 },
  );
  assert.deepEqual(await count(`SELECT count(*) AS n FROM devices WHERE user_id = '${gone}'`), { n: 0 });
  assert.deepEqual(await count(`SELECT user_id, s3_key FROM media_files WHERE id = '${media}'`), {
    user_id: null,
    s3_key: "media/gone",
  });
  assert.deepEqual(
    await count("SELECT count(*) AS n FROM reports WHERE reporter_id IS NULL AND status = 'PENDING'"),
    { n: 1 },
  );
});

test("vacuum, reindex, counts and the plan of a statement are for the database's owner", async () => {
  await database.query("VACUUM ANALYZE");
  await database.query("REINDEX DATABASE securemessenger");
  assert.deepEqual(await database.query("SELECT COUNT(*) FROM users"), [{ count: 2 }]);
  const plan = await database.query(
    `EXPLAIN ANALYZE SELECT * FROM messages WHERE conversation_id = '${conversation}'`,
  );
  assert.match(JSON.stringify(plan), /actual/);
  const activity = await database.query<{ datname: string }>(
    "SELECT datname FROM (SELECT * FROM pg_stat_activity) AS activity",
  );
  assert.ok(activity.some(({ datname }) => datname === "securemessenger"));
});

test("slow statements are listed once an administrator has set them up", async () => {
  const admin = createDatabase({ url: withDatabase(server.superuserUrl), poolSize: 1 });
  await setUpInsights(admin, database);
  await admin.close();
  await database.query("SELECT pg_sleep(0.05)");
  const [slowest] = await database.query<{ query: string; calls: number; mean_exec_time: number }>(
    "SELECT query, calls, mean_exec_time, max_exec_time FROM pg_stat_statements WHERE query LIKE '%sleep%' ORDER BY mean_exec_time DESC LIMIT 10",
  );
  assert.deepEqual([slowest?.query, slowest?.calls], ["SELECT pg_sleep($1)", 1]);
  const top = await database.query(
    "SELECT query, calls, mean_exec_time, max_exec_time FROM pg_stat_statements ORDER BY mean_exec_time DESC LIMIT 10",
  );
  assert.equal(top.length, 10);
});
