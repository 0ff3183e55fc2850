import { type Clock, type ManualClock, manualClock } from "@rempart/kernel";
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
  /** Another identity on the same database, as another process would have. */
  another(options?: Partial<IdentityOptions>): Identity;
}

export async function harness(options: Partial<IdentityOptions> = {}): Promise<Harness> {
  const test = await testDatabase({ migrations: [identityMigrations] });
  const clock = manualClock(START);
  const open: Identity[] = [];
  const make = (more: Partial<IdentityOptions> = {}, time: Clock = clock): Identity => {
    const config = { argon2: FAST, ...options.config, ...more.config };
    const identity = createIdentity({ clock: time, ...options, ...more, config, database: test.database });
    open.push(identity);
    return identity;
  };
  return {
    identity: make(),
    clock,
    db: test.database,
    another: make,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((identity) => identity.close()));
      await test.close();
    },
  };
}

export function someone(local: string): { email: string; password: string; name: string } {
  return { email: `${local}@example.org`, password: PASSWORD, name: `Person ${local}` };
}
