import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type ManualClock, manualClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { type Audit, createAudit } from "../src/audit.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { type TestLog, testLog } from "./log.ts";

const DAY = 86_400_000;

async function auditOf(log: TestLog): Promise<{ audit: Audit; clock: ManualClock }> {
  const clock = manualClock(Date.now() - 400 * DAY);
  const envelopes = createKeyring({
    local: localKeyFile(join(log.directory, "key")),
    clock,
    random: systemRandom,
  });
  const audit = createAudit({ database: log.database, envelopes, clock });
  await audit.announceKinds();
  return { audit, clock };
}

function failedLogin(address: string, userId?: string) {
  return {
    type: "auth.login.failed",
    actor: { address, ...(userId === undefined ? {} : { userId }) },
  } as const;
}

test("the operator's questions run as they are written", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  clock.advance(400 * DAY);
  for (let i = 0; i < 7; i += 1) await audit.record(log.database, failedLogin("192.0.2.1"));
  for (let i = 0; i < 3; i += 1) await audit.record(log.database, failedLogin("192.0.2.2"));
  await audit.record(log.database, { type: "key.change", actor: { userId: "u1" } });
  const events = await log.database.query<{ event_type: string }>(
    `SELECT * FROM audit_logs
     WHERE event_type IN ('LOGIN_FAILED', 'SUSPICIOUS_ACTIVITY', 'KEY_CHANGE') ORDER BY created_at DESC LIMIT 100`,
  );
  assert.equal(events.length, 11);
  const attempts = await log.database.query(
    `SELECT ip_address, COUNT(*) AS attempts FROM audit_logs
     WHERE event_type = 'LOGIN_FAILED' AND created_at > NOW() - INTERVAL '1 hour'
     GROUP BY ip_address HAVING COUNT(*) > 5 ORDER BY attempts DESC`,
  );
  assert.deepEqual(attempts, [{ ip_address: "192.0.2.1", attempts: 7 }]);
});

test("pages hold every entry once, whatever comes in between", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  const wanted = new Set<string>();
  for (let i = 0; i < 25; i += 1) {
    wanted.add(await audit.record(log.database, failedLogin("192.0.2.1", `u${i % 3}`)));
    if (i % 4 === 0) clock.advance(1_000);
  }
  for (const oldestFirst of [true, false]) {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await audit.query(
        {},
        { limit: 4, oldestFirst, ...(after === undefined ? {} : { after }) },
      );
      seen.push(...page.records.map(({ id }) => id).filter((id) => wanted.has(id)));
      if (!oldestFirst) await audit.record(log.database, failedLogin("192.0.2.9"));
      after = page.next ?? undefined;
    } while (after !== undefined);
    assert.deepEqual(seen.toSorted(), [...wanted].toSorted());
  }
  await assert.rejects(audit.query({}, { after: "bm90IGEgY3Vyc29y" }), TypeError);
});

test("each filter narrows, and a filter is a value, never SQL", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  const start = clock.now();
  await audit.record(log.database, failedLogin("2001:db8::7", "u1"));
  clock.advance(1_000);
  const metadata = { note: "changed the harbour lights" };
  await audit.record(log.database, {
    type: "admin.operation.delete",
    actor: { userId: "u2", tenantId: "t1" },
    resource: { type: "user", id: "u9", metadata },
    request: { id: "r1", method: "DELETE", path: "/admin/users/u9" },
  });
  const count = async (query: Parameters<Audit["query"]>[0]) => (await audit.query(query)).records.length;
  assert.equal(await count({}), 2);
  assert.equal(await count({ types: ["auth.login.failed"] }), 1);
  assert.equal(await count({ severities: ["warning"] }), 1);
  assert.equal(await count({ userId: "u1" }), 1);
  assert.equal(await count({ tenantId: "t1", resourceType: "user", resourceId: "u9", requestId: "r1" }), 1);
  assert.equal(await count({ address: "2001:db8::/32" }), 1);
  assert.equal(await count({ from: start + 500 }), 1);
  assert.equal(await count({ to: start + 500 }), 1);
  assert.equal(await count({ text: "lights harbour" }), 1);
  assert.equal(await count({ userId: "' OR true --" }), 0);
});

test("an export streams every entry, and no cell becomes a formula", async () => {
  await using log = await testLog();
  const { audit } = await auditOf(log);
  const metadata = { formula: '=cmd|"/c calc"!A1', text: 'says "hi", twice' };
  await audit.record(log.database, { type: "data.export", resource: { type: "=1+1", id: "2", metadata } });
  await audit.record(log.database, failedLogin("192.0.2.1"));
  const jsonl = (await Array.fromAsync(audit.export({}, "jsonl"))).map((line) => JSON.parse(line));
  assert.deepEqual(
    jsonl.map(({ type }) => type),
    ["data.export", "auth.login.failed"],
  );
  const [header, first] = await Array.fromAsync(audit.export({}, "csv"));
  assert.match(header as string, /^time,index,id/);
  assert.match(first as string, /,'=1\+1 2,/);
});

test("what has outlived its class goes, what has not stays, and the log verifies", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  const sequencer = log.sequencer();
  for (let i = 0; i < 5; i += 1) {
    await audit.record(log.database, {
      type: "auth.login.succeeded",
      actor: { userId: "u1", address: "192.0.2.1" },
    });
    await audit.record(log.database, failedLogin("192.0.2.1", "u1"));
  }
  assert.deepEqual(await audit.prune(), []);
  await sequencer.round();
  clock.advance(100 * DAY);
  assert.deepEqual(await audit.prune(), [{ class: "access", entries: 5 }]);
  clock.advance(300 * DAY);
  assert.deepEqual(await audit.prune(), [{ class: "security", entries: 5 }]);
  await sequencer.round();
  const { database, objects, signer } = log;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: clock.now() });
  assert.deepEqual(report, { checked: 12, pruned: 10, size: 12, findings: [], more: 0 });
  const tooEarly = await verifyLog({
    database,
    objects,
    primitives: nodePrimitives,
    policy,
    now: clock.now() - 200 * DAY,
  });
  assert.deepEqual(
    tooEarly.findings.map(({ kind }) => kind),
    Array.from({ length: 5 }, () => "entry-removed"),
  );
});

test("of who was erased for good nothing is kept any more, whoever had not heard of it", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  const { audit: elsewhere } = await auditOf(log);
  const signIn = (userId: string) =>
    elsewhere.record(log.database, {
      type: "auth.login.succeeded",
      actor: { userId, address: "192.0.2.1" },
    });
  await signIn("known");
  await signIn("known");
  for (const subject of ["known", "never seen"])
    await log.database.query("SELECT audit_forget_for_good($1)", [subject]);
  await signIn("known");
  await signIn("never seen");
  const readable = async () => {
    const kept =
      "SELECT subject, host(ip_address) AS address FROM audit_entries WHERE ip_address IS NOT NULL";
    return log.database.query(kept);
  };
  assert.deepEqual(
    await readable(),
    [{ subject: "known", address: "192.0.2.1" }],
    "from memory, for a minute",
  );
  await audit.prune();
  assert.deepEqual(await readable(), []);
  const keys = "SELECT subject FROM audit_subjects WHERE sealed_key IS NOT NULL";
  assert.deepEqual(await log.database.query(keys), []);
  const { records } = await audit.query({ types: ["audit.subject.erased"] });
  assert.deepEqual(
    records.map(({ body }) => body),
    [{ resource: { id: "known", type: "subject" } }],
    "the leaf says what was destroyed, and of whom nothing was held it says nothing",
  );
  await log.sequencer().round();
  const { database, objects, signer } = log;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: clock.now() });
  assert.deepEqual(report.findings, []);
});

test("an erased person's data is unreadable, the fact is in the log, and the log verifies", async () => {
  await using log = await testLog();
  const { audit, clock } = await auditOf(log);
  const sequencer = log.sequencer();
  const actor = { userId: "u1", address: "192.0.2.1", userAgent: "Firefox" };
  await audit.record(log.database, { type: "auth.signup", actor, personal: { email: "ada@example.org" } });
  await audit.record(log.database, failedLogin("192.0.2.2", "u2"));
  await sequencer.round();
  assert.ok(await log.database.transaction((tx) => audit.erase(tx, "u1", { userId: "admin" })));
  assert.ok(!(await log.database.transaction((tx) => audit.erase(tx, "u1"))));
  await sequencer.round();
  const { records } = await audit.query({}, { oldestFirst: true });
  assert.deepEqual(
    records.map(({ type, address }) => [type, address]),
    [
      ["auth.signup", null],
      ["auth.login.failed", "192.0.2.2"],
      ["audit.subject.erased", null],
    ],
  );
  const { database, objects, signer } = log;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: clock.now() });
  assert.deepEqual(report.findings, []);
});
