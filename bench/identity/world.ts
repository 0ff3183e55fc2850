/** What the bench of identity runs on: an embedded PostgreSQL with `fsync`, real keys in real envelopes, real argon2id. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, migrate, startEmbeddedPostgres } from "@rempart/database";
import { createIdentity, type Identity, identityMigrations, type SignedIn } from "@rempart/identity";
import { type Clock, systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";

export const CLIENT = { address: "192.0.2.1", userAgent: "bench" };
export const PASSWORD = "a tangerine umbrella";

/** Longer than an access token lives: a process that has listened for so long asks no database about a token. */
const SETTLED_MS = 20 * 60_000;

export interface World extends AsyncDisposable {
  readonly identity: Identity;
  /** Of the postmaster. */
  readonly postgresPid: number;
  /** An account signed in. */
  person(name: string): Promise<SignedIn>;
  /** Makes believe that this process has listened for longer than a token lives. */
  settle(): Promise<void>;
}

export async function makeWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-bench-identity-"));
  const server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), durable: true });
  const database = createDatabase({ url: server.url, poolSize: 20 });
  await migrate(database, [identityMigrations]);
  let ahead = 0;
  const clock: Clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + ahead };
  const envelopes = createKeyring({
    local: localKeyFile(join(directory, "keys.json")),
    clock: systemClock,
    random: systemRandom,
  });
  const identity = createIdentity({ database, clock, envelopes });
  return {
    identity,
    postgresPid: server.pid,
    async person(name) {
      const input = { email: `${name}@example.org`, password: PASSWORD, name };
      const result = await identity.signUp(input, CLIENT);
      if (result.status !== "signed-in") throw new Error(result.status);
      return result;
    },
    async settle() {
      await identity.tokens.check("listening");
      ahead = SETTLED_MS;
      await identity.tokens.check("listening");
    },
    async [Symbol.asyncDispose]() {
      await identity.close();
      await database.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
