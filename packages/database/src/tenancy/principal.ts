import { DatabaseError } from "../errors.ts";
import type { MigrationSource } from "../migrations/files.ts";
import type { Database, Transaction, TransactionOptions } from "../pool/ports.ts";

/** Whom a transaction is for. Null: for no organisation, or for nobody; the policies then let no row through. */
export interface Principal {
  readonly tenantId: string | null;
  readonly userId: string | null;
}

/** `isolate_by_tenant(table)` and `isolate_by_user(table)` for migrations, `app_tenant_id()` and `app_user_id()` for policies. */
export const tenancyMigrations: MigrationSource = {
  name: "tenancy",
  directory: new URL("../../migrations/", import.meta.url),
};

/** `true`: until the transaction ends, however it does. What the pool hands out next knows nothing of it. */
const ASSUME = `SELECT set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
  (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS exempt`;

/**
 * A transaction in which the policies of row-level security let through what belongs to the principal, and nothing else, even
 * to a statement without a WHERE. Throws `permission-denied` when the connection's role is exempt from policies: a superuser,
 * or one with BYPASSRLS.
 */
export function asPrincipal<T>(
  database: Database,
  principal: Principal,
  work: (tx: Transaction) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return database.transaction(async (tx) => {
    const [row] = await tx.query<{ exempt: boolean }>(
      ASSUME,
      [principal.tenantId ?? "", principal.userId ?? ""],
      { name: "rempart-assume-principal" },
    );
    if (row?.exempt !== false) {
      throw new DatabaseError(
        "permission-denied",
        "This role is exempt from row-level security: connect as another",
      );
    }
    return work(tx);
  }, options);
}
