import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  asPrincipal,
  createDatabase,
  type Database,
  isDatabaseError,
  migrate,
  type Principal,
  startEmbeddedPostgres,
  tenancyMigrations,
} from "@rempart/database";
import fc from "fast-check";
import { emptyDatabase } from "./fixtures/database.ts";
import { scratchDirectory } from "./fixtures/run.ts";

const A = "00000000-0000-7000-8000-00000000000a";
const B = "00000000-0000-7000-8000-00000000000b";
const ANN = "00000000-0000-7000-8000-000000000001";
const BEN = "00000000-0000-7000-8000-000000000002";
const OF_A: Principal = { tenantId: A, userId: ANN };
const OF_B: Principal = { tenantId: B, userId: BEN };
const NOBODY: Principal = { tenantId: null, userId: null };

const { open } = await emptyDatabase();
/** One connection, so that every transaction follows on what the one before left behind. */
const database = open({ poolSize: 1 });
await migrate(database, [tenancyMigrations]);
await makeNotes(database);

/** As the role that owns the table and is no superuser: the one that serves requests. */
async function makeNotes(db: Database): Promise<void> {
  await db.query(
    "CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid NOT NULL, text text NOT NULL, other int REFERENCES notes)",
  );
  await db.query("SELECT isolate_by_tenant('notes')");
  await db.query("CREATE TABLE drafts (id int PRIMARY KEY, user_id uuid NOT NULL)");
  await db.query("SELECT isolate_by_user('drafts')");
  await asPrincipal(db, OF_A, async (tx) => {
    await tx.query("INSERT INTO notes VALUES (1, $1, 'of a'), (2, $1, 'of a')", [A]);
    await tx.query("INSERT INTO drafts VALUES (1, $1)", [ANN]);
  });
  await asPrincipal(db, OF_B, (tx) => tx.query("INSERT INTO notes VALUES (3, $1, 'of b')", [B]));
}

const ids = async (tx: Pick<Database, "query">, table = "notes"): Promise<number[]> =>
  (await tx.query<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id);

test("a forgotten WHERE leaks nothing: reading, counting, joining, changing, deleting", async () => {
  await asPrincipal(database, OF_B, async (tx) => {
    assert.deepEqual(await ids(tx), [3]);
    assert.deepEqual(await ids(tx, "drafts"), []);
    assert.deepEqual(await tx.query("SELECT count(*) AS n, max(text) AS t FROM notes"), [
      { n: 1, t: "of b" },
    ]);
    assert.equal((await tx.query("SELECT 1 FROM notes x CROSS JOIN notes y")).length, 1);
    assert.equal((await tx.query("UPDATE notes SET text = 'mine' RETURNING id")).length, 1);
    assert.equal((await tx.query("DELETE FROM notes WHERE id = 1 RETURNING id")).length, 0);
    assert.equal((await tx.query("SELECT id FROM notes WHERE id = 1 OR true")).length, 1);
  });
  await asPrincipal(database, OF_A, async (tx) => {
    assert.deepEqual(await ids(tx), [1, 2]);
    assert.deepEqual(await ids(tx, "drafts"), [1]);
    assert.deepEqual(await tx.query("SELECT DISTINCT text FROM notes"), [{ text: "of a" }]);
  });
});

test("nothing is written for somebody else, and nothing moved to them", async () => {
  for (const statement of ["INSERT INTO notes VALUES (9, $1, 'x')", "UPDATE notes SET tenant_id = $1"]) {
    await assert.rejects(
      asPrincipal(database, OF_B, (tx) => tx.query(statement, [A])),
      (error) => isDatabaseError(error, "permission-denied"),
    );
  }
});

test("without a principal there is nothing to see, before, between and after those of others", async () => {
  assert.deepEqual(await ids(database), []);
  await asPrincipal(database, OF_A, async (tx) => assert.deepEqual(await ids(tx), [1, 2]));
  assert.deepEqual(await ids(database), []);
  assert.deepEqual(await asPrincipal(database, NOBODY, ids), []);
  assert.deepEqual(await database.transaction(ids), []);
  await assert.rejects(database.query("INSERT INTO notes VALUES (8, $1, 'x')", [A]));
});

test("after whatever goes wrong, the connection of the pool belongs to nobody", async () => {
  const failures = [
    (tx: Pick<Database, "query">) => tx.query("SELECT 1 / 0"),
    (tx: Pick<Database, "query">) => tx.query("nonsense"),
    () => Promise.reject(new Error("the work's own")),
    (tx: Pick<Database, "query">) => tx.query("SELECT pg_terminate_backend(pg_backend_pid())"),
    (tx: Pick<Database, "query">) => tx.query("SELECT 1 / 0").catch(() => []),
  ];
  for (const fail of failures) {
    await assert.rejects(asPrincipal(database, OF_A, fail));
    assert.deepEqual(await ids(database), []);
    assert.deepEqual(await asPrincipal(database, OF_B, ids), [3]);
  }
});

test("one prepared statement serves every principal their own rows", async () => {
  const prepared = (tx: Pick<Database, "query">) =>
    tx.query<{ id: number }>("SELECT id FROM notes WHERE id > $1 ORDER BY id", [0], { name: "notes-after" });
  // More often than PostgreSQL tries custom plans before it settles on a generic one.
  for (let i = 0; i < 8; i += 1) {
    assert.deepEqual((await asPrincipal(database, OF_A, prepared)).length, 2);
    assert.deepEqual((await asPrincipal(database, OF_B, prepared)).length, 1);
    assert.deepEqual((await prepared(database)).length, 0);
  }
});

test("many principals at once on few connections see their own rows, whatever fails in between", async () => {
  const shared = open({ poolSize: 3 });
  const step = fc.record({ who: fc.constantFrom(OF_A, OF_B, NOBODY), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      await Promise.all(
        steps.map(async ({ who, fails }) => {
          const seen = asPrincipal(shared, who, async (tx) => {
            const found = await ids(tx);
            if (fails) await tx.query("SELECT 1 / 0");
            return found;
          });
          if (fails) return assert.rejects(seen);
          assert.deepEqual(await seen, who === OF_A ? [1, 2] : who === OF_B ? [3] : []);
        }),
      );
    }),
    { numRuns: 30 },
  );
});

test("a principal's id is a value, whatever its text: no id but a UUID sees anything", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.constantFrom("' OR true --", `${A}'`, "*")),
      async (tenantId) => {
        const seen = await asPrincipal(database, { tenantId, userId: tenantId }, ids).catch(
          (error: unknown) => {
            assert.ok(isDatabaseError(error, "invalid-value"), String(error));
            return [];
          },
        );
        assert.deepEqual(seen, []);
      },
    ),
    { numRuns: 60 },
  );
});

test("a role that policies do not bind is refused, so that no test passes by accident and no leak is served", async () => {
  const server = await startEmbeddedPostgres({
    directory: join(await scratchDirectory(), "exempt"),
    durable: false,
  });
  const superuser = createDatabase({ url: server.superuserUrl, poolSize: 1 });
  after(async () => {
    await superuser.close();
    await server.stop();
  });
  let worked = false;
  await assert.rejects(
    asPrincipal(superuser, OF_A, async () => {
      worked = true;
    }),
    (error) => isDatabaseError(error, "permission-denied"),
  );
  assert.equal(worked, false);
});
