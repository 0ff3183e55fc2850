import { rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "@rempart/kernel";
import { readPasswords } from "../embedded/embedded-postgres.ts";
import { prepareHome } from "../embedded/home.ts";
import { APPLICATION_DATABASE, APPLICATION_ROLE, RESTORED } from "../embedded/initialise.ts";
import { assertNotRunning } from "./builtin/target-place.ts";
import type { BackupEngine, RestoreHook, RestoreOptions, RestoreReport } from "./ports.ts";
import { syncFolder } from "./repository/directory.ts";

export interface EmbeddedRestoreOptions extends Omit<RestoreOptions, "directory"> {
  readonly engine: BackupEngine;
  /** As given to `startEmbeddedPostgres`; its server is stopped. */
  readonly directory: string;
  readonly clock?: Clock;
}

export interface EmbeddedRestoreReport extends RestoreReport {
  /** Where the data went that were there before; null when there were none. Remove it when it is not needed any more. */
  readonly keptAt: string | null;
}

/**
 * Restores in the place of an embedded server's data, which are moved aside and kept. The roles get the passwords of this
 * place, so a new machine needs nothing of the old one but the repository and the key. Whenever this is cut short, the next
 * start finds the old data or the restored ones, whole. Hooks get the application's database, as its owner.
 */
export async function restoreEmbedded(options: EmbeddedRestoreOptions): Promise<EmbeddedRestoreReport> {
  const { engine, directory, hooks = [], clock = systemClock, ...rest } = options;
  await assertNotRunning(join(resolve(directory), "data"));
  const home = await prepareHome(resolve(directory));
  try {
    const restored = join(home.path, RESTORED);
    // Of a restore that was cut short before it took its place.
    await rm(restored, { recursive: true, force: true });
    const passwords = passwordHook(await readPasswords(home));
    const report = await engine.restore({
      ...rest,
      directory: restored,
      hooks: [passwords, ...hooks.map(asApplication)],
    });
    const keptAt = await takePlace(home.path, home.dataDirectory, clock.now());
    return { ...report, hooks: hooks.map(({ name }) => name), keptAt };
  } finally {
    await home.tidy();
  }
}

function asApplication(hook: RestoreHook): RestoreHook {
  return {
    name: hook.name,
    run: (context) =>
      hook.run({ ...context, database: context.open(APPLICATION_ROLE, APPLICATION_DATABASE) }),
  };
}

/** The passwords are of our own alphabet, without quotes: a role's cannot be a parameter. */
function passwordHook({ application, superuser }: { application: string; superuser: string }): RestoreHook {
  return {
    name: "passwords",
    async run({ database }) {
      await database.query(`ALTER ROLE ${APPLICATION_ROLE} PASSWORD '${application}'`);
      await database.query(`ALTER ROLE postgres PASSWORD '${superuser}'`);
    },
  };
}

/** Between the two moves there are no data under their name: a start then finishes the second. */
async function takePlace(home: string, dataDirectory: string, now: number): Promise<string | null> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const aside = `${dataDirectory}.before-${time}`;
  const there = await stat(dataDirectory).then(
    () => true,
    () => false,
  );
  if (there) await rename(dataDirectory, aside);
  await rename(join(home, RESTORED), dataDirectory);
  await syncFolder(home);
  return there ? aside : null;
}
