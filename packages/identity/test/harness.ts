import type { Database, QueryOptions } from "@rempart/database";
import { type ManualClock, manualClock } from "@rempart/kernel";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import { createIdentity, type Identity, type IdentityOptions, identityMigrations } from "../src/index.ts";

/** Real argon2id, at the least cost it allows: the tests hash hundreds of times. */
export const FAST = { memoryKiB: 8, passes: 1, lanes: 1 };

export const HOME = { address: "192.0.2.1", userAgent: "Test/1.0" };
export const AWAY = { address: "198.51.100.7", userAgent: "Test/1.0" };
export const PASSWORD = "a tangerine umbrella";

/** Noon of a day after PostgreSQL's own clock matters to nothing here. */
export const START = Date.UTC(2026, 0, 15, 12);

export interface Harness extends AsyncDisposable {
  readonly identity: Identity;
  readonly clock: ManualClock;
  readonly db: TestDatabase["database"];
  readonly url: string;
  /** Another identity on the same database, as another process would have. `delay` holds back the answers of its queries. */
  another(options?: Partial<IdentityOptions> & { delay?: (text: string) => Promise<void> }): Identity;
}

export async function harness(options: Partial<IdentityOptions> = {}): Promise<Harness> {
  const test = await testDatabase({ migrations: [identityMigrations] });
  const clock = manualClock(START);
  const open: Identity[] = [];
  const make: Harness["another"] = ({ delay, ...more } = {}) => {
    const config = { argon2: FAST, ...options.config, ...more.config };
    const database = delay === undefined ? test.database : delayed(test.database, delay);
    const identity = createIdentity({ clock, ...options, ...more, config, database });
    open.push(identity);
    return identity;
  };
  return {
    identity: make(),
    clock,
    db: test.database,
    url: test.url,
    another: make,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((identity) => identity.close()));
      await test.close();
    },
  };
}

/** The same database, whose answers outside transactions arrive late. */
function delayed(database: Database, delay: (text: string) => Promise<void>): Database {
  return {
    ...database,
    async query<Row extends object>(text: string, values?: readonly unknown[], options?: QueryOptions) {
      const rows = await database.query<Row>(text, values, options);
      await delay(text);
      return rows;
    },
  };
}

export function someone(local: string): { email: string; password: string; name: string } {
  return { email: `${local}@example.org`, password: PASSWORD, name: `Person ${local}` };
}

/** Whoever may log in to the machine. */
export const OPERATOR = { kind: "operator", name: "root" } as const;
