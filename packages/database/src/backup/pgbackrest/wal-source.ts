import { join } from "node:path";
import { EXIT_ABSENT, EXIT_DONE, EXIT_STOP } from "../archive/socket.ts";
import type { LogSource } from "../builtin/recovery.ts";
import { walFileKind } from "../wal/names.ts";
import type { Ask } from "./repository.ts";

/** What PostgreSQL calls the file that it wants. */
const WANTED = /^pg_wal\/RECOVERY(?:XLOG|HISTORY)$/;

/** The log out of pgBackRest's archive. Only what the repository does not list is the end of the log; any failure stops recovery. */
export function archiveSource(
  ask: Ask,
  directory: string,
  available: { has(name: string): boolean },
  onSegment: (done: number) => void,
): LogSource {
  let done = 0;
  let failure: unknown;
  return {
    get failure() {
      return failure;
    },
    async answer([verb, name = "", path = ""]) {
      if (verb !== "restore" || walFileKind(name) === null || !WANTED.test(path)) return EXIT_STOP;
      if (!available.has(name)) return EXIT_ABSENT;
      try {
        await ask(["archive-get", name, join(directory, path), `--pg1-path=${directory}`]);
        done += 1;
        onSegment(done);
        return EXIT_DONE;
      } catch (error) {
        failure = error;
        return EXIT_STOP;
      }
    },
  };
}
