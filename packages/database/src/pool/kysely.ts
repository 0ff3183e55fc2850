import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import type { Lease } from "./connections.ts";

export interface KyselyTarget {
  lease(): Promise<Lease>;
  /** Statements already run inside a transaction, so Kysely may not open another on the same connection. */
  inTransaction: boolean;
}

/** A Kysely whose connections are our leases: same pool, same time-outs, same errors. `destroy()` on it closes nothing. */
export function kyselyOver<Schema>(target: KyselyTarget): Kysely<Schema> {
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driverOver(target),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  return new Kysely<Schema>({ dialect });
}

interface LeasedConnection extends DatabaseConnection {
  lease: Lease;
  suspect: boolean;
}

function driverOver(target: KyselyTarget): Driver {
  const control = async (connection: DatabaseConnection, statement: string): Promise<void> => {
    const leased = connection as LeasedConnection;
    leased.suspect = true;
    await leased.executeQuery(CompiledQuery.raw(statement));
    leased.suspect = false;
  };
  return {
    init: async () => {},
    acquireConnection: async () => connectionOver(await target.lease()),
    async beginTransaction(connection, settings) {
      if (target.inTransaction) throw new TypeError("already in a transaction: use its tx.kysely() directly");
      await control(connection, beginOf(settings));
    },
    commitTransaction: (connection) => control(connection, "COMMIT"),
    rollbackTransaction: (connection) => control(connection, "ROLLBACK"),
    releaseConnection: async (connection) => {
      const { lease, suspect } = connection as LeasedConnection;
      lease.release(suspect);
    },
    destroy: async () => {},
  };
}

function beginOf({ isolationLevel, accessMode }: TransactionSettings): string {
  const modes = [isolationLevel && `ISOLATION LEVEL ${isolationLevel}`, accessMode].filter(Boolean);
  return `BEGIN ${modes.join(", ")}`;
}

const WRITES: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

function connectionOver(lease: Lease): LeasedConnection {
  return {
    lease,
    suspect: false,
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { command, rowCount, rows } = await lease.run(sql, parameters);
      return WRITES.has(command) ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
    },
    // biome-ignore lint/correctness/useYield: a refusal is all there is
    async *streamQuery() {
      throw new TypeError("streaming is not offered: page through the rows by key");
    },
  };
}
