import type { BackupSource } from "../builtin/base-backup.ts";
import { inspectServer } from "../builtin/server.ts";
import { BackupError } from "../errors.ts";

/** How pgBackRest, which knows Unix sockets alone, reaches the server; and what its databases take. Throws `server-refused`. */
export async function serverFacts(
  { database, dataDirectory }: BackupSource,
  archiveCommand: string,
): Promise<{ words: readonly string[]; bytes: number }> {
  const { bytes } = await inspectServer(database, dataDirectory);
  const [row] = await database.query<{
    port: string;
    sockets: string;
    role: string;
    name: string;
    command: string;
  }>(
    `SELECT current_setting('port') AS port, current_setting('unix_socket_directories') AS sockets,
       current_user AS role, current_database() AS name, current_setting('archive_command') AS command`,
  );
  const socket = row?.sockets.split(",")[0]?.trim() ?? "";
  if (row === undefined || socket === "")
    throw new BackupError(
      "server-refused",
      "the server has no Unix socket, by which alone pgBackRest reaches it",
    );
  if (row.command !== archiveCommand)
    throw new BackupError(
      "server-refused",
      `the server does not archive to this repository: set archive_command to ${archiveCommand}`,
    );
  const { port, role, name } = row;
  return {
    bytes,
    words: [
      `--pg1-port=${port}`,
      `--pg1-socket-path=${socket}`,
      `--pg1-user=${role}`,
      `--pg1-database=${name}`,
    ],
  };
}
