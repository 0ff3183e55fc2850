import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { isDatabaseError } from "@rempart/database";
import fc from "fast-check";
import { emptyDatabase } from "./fixtures/database.ts";

const { url, open } = await emptyDatabase();
const database = open({ poolSize: 20 });
await database.query("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)");
await database.query(
  "CREATE TABLE deferred (id int PRIMARY KEY, of int REFERENCES accounts DEFERRABLE INITIALLY DEFERRED)",
);

const count = async (): Promise<number> =>
  (await database.query<{ n: number }>("SELECT count(*) AS n FROM accounts"))[0]?.n ?? -1;

async function reset(...balances: number[]): Promise<void> {
  await database.query("TRUNCATE accounts, deferred");
  for (const [id, balance] of balances.entries())
    await database.query("INSERT INTO accounts VALUES ($1, $2)", [id, balance]);
}

test("what resolves is committed, what rejects is not, and the rejection is the work's own", async () => {
  await reset();
  assert.equal(
    await database.transaction((tx) => tx.query("INSERT INTO accounts VALUES (1, 1)").then(() => "done")),
    "done",
  );
  const own = new Error("no");
  const failing = database.transaction(async (tx) => {
    await tx.query("INSERT INTO accounts VALUES (2, 2)");
    throw own;
  });
  await assert.rejects(failing, own);
  assert.equal(await count(), 1);
});

test("concurrent serializable increments lose none: the losers run again", async () => {
  await reset(0);
  const increment = () =>
    database.transaction(
      async (tx) => {
        const [row] = await tx.query<{ balance: number }>("SELECT balance FROM accounts WHERE id = 0");
        await tx.query("UPDATE accounts SET balance = $1 WHERE id = 0", [(row?.balance ?? 0) + 1]);
      },
      { isolation: "serializable", attempts: 50 },
    );
  await Promise.all(Array.from({ length: 20 }, increment));
  assert.deepEqual(await database.query("SELECT balance FROM accounts"), [{ balance: 20 }]);
});

test("transfers in random directions deadlock, run again, and keep the sum", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 4, maxLength: 12 }),
      async (pairs) => {
        await reset(100, 100, 100);
        const transfer = ([from, to]: [number, number]) =>
          database.transaction(
            async (tx) => {
              await tx.query("UPDATE accounts SET balance = balance - 1 WHERE id = $1", [from]);
              await tx.query("UPDATE accounts SET balance = balance + 1 WHERE id = $1", [to]);
            },
            { attempts: 20 },
          );
        await Promise.all(pairs.map(transfer));
        assert.deepEqual(await database.query("SELECT sum(balance) AS sum FROM accounts"), [{ sum: 300 }]);
      },
    ),
    { numRuns: 3 },
  );
});

test("a race lost at every attempt is `serialization`, after exactly the attempts allowed", async () => {
  await reset(0);
  let runs = 0;
  const losing = database.transaction(
    async (tx) => {
      runs += 1;
      await tx.query("SELECT balance FROM accounts");
      await database.query("UPDATE accounts SET balance = balance + 1");
      await tx.query("UPDATE accounts SET balance = 0");
    },
    { isolation: "repeatable read", attempts: 3 },
  );
  await assert.rejects(losing, (error: unknown) => isDatabaseError(error, "serialization"));
  assert.equal(runs, 3);
});

test("a lost race runs again even when the work wrapped its error", async () => {
  await reset(0);
  let runs = 0;
  await database.transaction(async (tx) => {
    runs += 1;
    if (runs === 1) {
      await tx.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$").catch((cause) => {
        throw new Error("could not book", { cause });
      });
    }
  });
  assert.equal(runs, 2);
});

test("other errors never run the work again", async () => {
  let runs = 0;
  const failing = database.transaction((tx) => {
    runs += 1;
    return tx.query("SELECT 1/0");
  });
  await assert.rejects(failing);
  assert.equal(runs, 1);
});

test("a swallowed error does not pass for a commit", async () => {
  await reset();
  const swallowing = database.transaction(async (tx) => {
    await tx.query("INSERT INTO accounts VALUES (1, 1)");
    await tx.query("SELECT 1/0").catch(() => {});
  });
  await assert.rejects(swallowing, (error: unknown) => isDatabaseError(error, "transaction-aborted"));
  assert.equal(await count(), 0);
});

test("what COMMIT itself refuses is that refusal, not an unknown", async () => {
  await reset();
  const refused = database.transaction((tx) => tx.query("INSERT INTO deferred VALUES (1, 99)"));
  await assert.rejects(refused, (error: unknown) => isDatabaseError(error, "foreign-key-violation"));
});

test("isolation and read-only are the server's, and both combine", async () => {
  const settings = await database.transaction(
    (tx) =>
      tx.query(
        "SELECT current_setting('transaction_isolation') AS i, current_setting('transaction_read_only') AS r",
      ),
    { isolation: "repeatable read", readOnly: true },
  );
  assert.deepEqual(settings, [{ i: "repeatable read", r: "on" }]);
  const writing = database.transaction((tx) => tx.query("INSERT INTO accounts VALUES (7, 7)"), {
    readOnly: true,
  });
  await assert.rejects(writing, (error: unknown) => isDatabaseError(error, "read-only"));
});

test("the transaction's Kysely is inside it, and cannot open another", async () => {
  await reset();
  type Schema = { accounts: { id: number; balance: number } };
  const failing = database.transaction(async (tx) => {
    const db = await tx.kysely<Schema>();
    await db.insertInto("accounts").values({ id: 1, balance: 1 }).execute();
    assert.equal((await tx.query("SELECT 1 FROM accounts")).length, 1);
    await assert.rejects(
      db.transaction().execute(async () => {}),
      TypeError,
    );
    throw new Error("back");
  });
  await assert.rejects(failing, /back/);
  assert.equal(await count(), 0);
});

test("a transaction cannot be used after its end", async () => {
  let escaped: { query(text: string): Promise<unknown> } | undefined;
  await database.transaction(async (tx) => {
    escaped = tx;
  });
  await assert.rejects(async () => escaped?.query("SELECT 1"), TypeError);
});

test("attempts must be a positive integer", async () => {
  for (const attempts of [0, -1, 1.5, Number.NaN])
    await assert.rejects(
      database.transaction(async () => {}, { attempts }),
      TypeError,
    );
});

/** Passes bytes both ways until it sees `word` from the client, then cuts: before the server has it, or after it answered. */
async function cuttingProxy(word: string, when: "before" | "after") {
  const { hostname, port, searchParams } = new URL(url);
  const directory = searchParams.get("host");
  const place =
    directory === null ? { host: hostname, port: Number(port) } : { path: `${directory}/.s.PGSQL.${port}` };
  const server = createServer((client: Socket) => {
    const upstream = connect(place);
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    let armed = false;
    client.on("data", (chunk) => {
      armed = chunk.includes(word);
      if (armed && when === "before") cut();
      else upstream.write(chunk);
    });
    upstream.on("data", (chunk) => (armed ? cut() : client.write(chunk)));
    for (const socket of [client, upstream]) socket.on("error", () => {}).on("close", cut);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { port: number };
  const proxied = new URL(url);
  proxied.search = "";
  proxied.hostname = "127.0.0.1";
  proxied.port = String(address.port);
  return { url: proxied.href, close: () => server.close() };
}

for (const when of ["before", "after"] as const) {
  test(`a connection cut ${when} the server has done COMMIT is unknown, and the work is not repeated`, async (t) => {
    await reset();
    const proxy = await cuttingProxy("COMMIT\0", when);
    t.after(proxy.close);
    const through = open({ url: proxy.url });
    let runs = 0;
    const cut = through.transaction((tx) => {
      runs += 1;
      return tx.query("INSERT INTO accounts VALUES (1, 1)");
    });
    await assert.rejects(cut, { code: "commit-unknown" });
    assert.equal(runs, 1);
    const [row] = await database.query("SELECT 1 FROM accounts");
    assert.equal(row !== undefined, when === "after", "the truth is in the database alone");
    const reading = through.transaction((tx) => tx.query("SELECT 1"), { readOnly: true });
    await assert.rejects(reading, { code: "unavailable" }, "nothing was to happen");
  });
}
