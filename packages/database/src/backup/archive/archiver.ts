import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, explain, systemClock } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import type { ServerPlace } from "../../embedded/embedded-postgres.ts";
import { identityOf } from "../builtin/data-files.ts";
import { BackupError } from "../errors.ts";
import type { BackupObserver, Repository, Sealing } from "../ports.ts";
import { parseSegment, walFileKind } from "../wal/names.ts";
import { storeWalFile } from "../wal/object.ts";
import { readSegmentHeader } from "../wal/page.ts";
import { type CommandSocket, EXIT_DONE, EXIT_FAILED, listenForCommands } from "./socket.ts";

export interface ArchiverOptions {
  readonly repository: Repository;
  readonly sealing: Sealing;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly observe?: BackupObserver;
  /** Seconds until PostgreSQL hands over a segment that is not full; 40 unless told. */
  readonly timeoutSeconds?: number;
}

/** Takes the log of changes of a server on this machine into the repository. */
export interface WalArchiver {
  /** Begins to listen. Answers the settings with which the server must be started. */
  attach(place: ServerPlace): Promise<Readonly<Record<string, string>>>;
  /** Call it when the server has stopped: it hands over its last segment on the way. */
  close(): Promise<void>;
}

const TIMEOUT_SECONDS = 40;

/**
 * `archive_command` asks us over a socket and is told "done" when the segment is durable in the repository, sealed, and not
 * before. While nobody listens, and whatever fails, the server keeps its segments and asks again.
 */
export function createWalArchiver(options: ArchiverOptions): WalArchiver {
  const { clock = systemClock, log = silentLogger, observe = () => {} } = options;
  let socket: CommandSocket | undefined;

  async function archive(dataDirectory: string, name: string): Promise<number> {
    const startedAt = clock.monotonic();
    try {
      const storedBytes = await store(options, dataDirectory, name);
      observe({ type: "segment-archived", name, storedBytes, durationMs: clock.monotonic() - startedAt });
      return EXIT_DONE;
    } catch (error) {
      observe({ type: "segment-refused", name, error });
      log.error({ segment: name, error: explain(error) }, "a segment was not archived; the server keeps it");
      return EXIT_FAILED;
    }
  }

  return {
    async attach({ dataDirectory, runDirectory, account }) {
      await socket?.close();
      socket = await listenForCommands(runDirectory, "archive", account, async ([verb, name, ...more]) =>
        verb === "archive" && name !== undefined && more.length === 0
          ? archive(dataDirectory, name)
          : EXIT_FAILED,
      );
      return {
        archive_mode: "on",
        archive_command: socket.command(EXIT_FAILED, "archive", "%f"),
        archive_timeout: String(options.timeoutSeconds ?? TIMEOUT_SECONDS),
      };
    },
    async close() {
      await socket?.close();
      socket = undefined;
    },
  };
}

async function store(vault: ArchiverOptions, dataDirectory: string, name: string): Promise<number> {
  const kind = walFileKind(name);
  if (kind === null) throw new BackupError("server-refused", `${JSON.stringify(name)} is no file of the log`);
  const systemIdentifier = await identityOf(dataDirectory);
  const { content, writtenAt } = await readWhole(join(dataDirectory, "pg_wal", name));
  if (kind === "segment") assertSegment(name, content, systemIdentifier);
  return storeWalFile(vault, systemIdentifier, { name, content, writtenAt });
}

async function readWhole(path: string): Promise<{ content: Buffer; writtenAt: number }> {
  const handle = await open(path, "r");
  try {
    const { mtimeMs } = await handle.stat();
    return { content: await handle.readFile(), writtenAt: Math.floor(mtimeMs) };
  } finally {
    await handle.close();
  }
}

/** A segment of another server, or one that is cut, would be found only when it is needed. */
function assertSegment(name: string, content: Buffer, systemIdentifier: string): void {
  const header = readSegmentHeader(content);
  const whole =
    header !== null &&
    header.systemIdentifier === systemIdentifier &&
    header.segmentBytes === content.length &&
    parseSegment(name, header.segmentBytes) !== null;
  if (!whole) throw new BackupError("server-refused", `${name} is not a whole segment of this server`);
}
