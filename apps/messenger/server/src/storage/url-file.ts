import { basename, dirname, resolve } from "node:path";
import type { Database } from "@rempart/database";
import { explain } from "@rempart/kernel";
import { createSecrets, fileSecrets } from "@rempart/keys";
import type { Logger, Secret } from "@rempart/runtime";

export interface UrlFile {
  readonly url: string;
  follow(database: Database): void;
  stop(): Promise<void>;
}

/** The file system tells of a change; where it does not, as on some network mounts, the file is read this often. */
const FRESH_MS = 30_000;
const RETRY_MS = 2_000;

/** The database's address in a file: the pool moves to the new one when the file is replaced, and no request fails for it. */
export async function watchUrlFile(path: string, log: Logger): Promise<UrlFile> {
  const name = basename(path);
  const secrets = createSecrets({ provider: fileSecrets(dirname(resolve(path))), freshMs: FRESH_MS });
  const url = (await secrets.get(name)).reveal();
  let retry: NodeJS.Timeout | undefined;

  /** Until it works, or the file says something else: what is in use goes on working meanwhile. */
  async function move(database: Database, to: Secret): Promise<void> {
    clearTimeout(retry);
    try {
      await database.switchTo(to.reveal());
      log.info({ file: path }, "the database is reached by a new address");
    } catch (error) {
      log.error({ file: path, error: explain(error) }, "the new address of the database does not work");
      retry = setTimeout(() => move(database, to), RETRY_MS).unref();
    }
  }

  return {
    url,
    follow(database) {
      secrets.onChange(name, (changed) => void move(database, changed));
    },
    async stop() {
      clearTimeout(retry);
      secrets[Symbol.dispose]();
    },
  };
}
