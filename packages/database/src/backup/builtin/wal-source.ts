import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { EXIT_ABSENT, EXIT_DONE, EXIT_STOP } from "../archive/socket.ts";
import type { Vault } from "../sealed/objects.ts";
import { walFileKind } from "../wal/names.ts";
import { readWalFile } from "../wal/object.ts";

export interface WalSourceOptions {
  readonly vault: Vault;
  readonly systemIdentifier: string;
  /** Everything that recovery may have: what is archived while it runs is for another restore. */
  readonly available: { has(name: string): boolean };
  /** In the order in which recovery will ask. */
  readonly expected: readonly string[];
  readonly directory: string;
  readonly account: Account;
  readonly onSegment: (done: number) => void;
}

/** Read before they are asked for, while the server replays. */
const AHEAD = 3;
/** What PostgreSQL calls the file that it wants. */
const WANTED = /^pg_wal\/RECOVERY(?:XLOG|HISTORY)$/;

/**
 * Answers `restore_command`. "There is none" only for what the repository did not hold when the restore began: whatever else
 * goes wrong stops recovery, which would take it for the end of the log and open a database that lacks the rest.
 */
export class WalSource {
  /** Why recovery was stopped. */
  failure: unknown;
  readonly #options: WalSourceOptions;
  readonly #reading = new Map<string, Promise<Buffer>>();
  #done = 0;

  constructor(options: WalSourceOptions) {
    this.#options = options;
  }

  async answer([verb, name = "", path = ""]: readonly string[]): Promise<number> {
    if (verb !== "restore" || walFileKind(name) === null || !WANTED.test(path)) return EXIT_STOP;
    if (!this.#options.available.has(name)) return EXIT_ABSENT;
    try {
      await this.#give(name, path);
      return EXIT_DONE;
    } catch (error) {
      this.failure = error;
      return EXIT_STOP;
    }
  }

  async #give(name: string, path: string): Promise<void> {
    const { directory, account, onSegment } = this.#options;
    const content = this.#read(name);
    this.#readAhead(name);
    const file = join(directory, path);
    await writeFile(file, await content, { mode: 0o600 });
    if (runningAsRoot()) await chown(file, account.uid, account.gid);
    this.#reading.delete(name);
    this.#done += 1;
    onSegment(this.#done);
  }

  #read(name: string): Promise<Buffer> {
    const { vault, systemIdentifier } = this.#options;
    const known = this.#reading.get(name);
    if (known !== undefined) return known;
    const reading = readWalFile(vault, systemIdentifier, name).then(({ content }) => content);
    // It counts when it is asked for, and may never be.
    reading.catch(() => {});
    this.#reading.set(name, reading);
    return reading;
  }

  #readAhead(name: string): void {
    const { expected } = this.#options;
    const at = expected.indexOf(name);
    if (at < 0) return;
    for (const next of expected.slice(at + 1, at + 1 + AHEAD)) this.#read(next);
  }
}
