import { chmod, chown, copyFile, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Account } from "../../embedded/account.ts";
import { runningAsRoot } from "../../embedded/account.ts";
import { commandWord } from "./command-word.ts";
import { reachableNode } from "./node.ts";

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
/** To `restore_command` above 125 means: stop, this is not the end of the log. */
export const EXIT_STOP = 126;
/** There is no such file: a code that nothing but our answer gives. */
export const EXIT_ABSENT = 64;

/** For `restore_command`: without our own word that a file is absent, whatever went wrong stops recovery. */
export function stopUnlessAnswered(command: string): string {
  return `${command}; case $? in 0) ;; ${EXIT_ABSENT}) exit 1 ;; *) exit ${EXIT_STOP} ;; esac`;
}

/** Answers one request with an exit code. Must not reject. */
export type Answer = (words: readonly string[]) => Promise<number>;

export interface CommandSocket {
  /** For `archive_command` or `restore_command`; `silence` is the exit code without an answer. */
  command(silence: number, ...words: readonly string[]): string;
  close(): Promise<void>;
}

const CLIENT = fileURLToPath(new URL("client.mjs", import.meta.url));
const MAX_REQUEST = 1_024;

/**
 * Listens in a folder that only the server's account may enter, and puts the client beside, where that account can read it:
 * our own files may lie where it cannot.
 */
export async function listenForCommands(
  folder: string,
  name: "archive" | "restore",
  account: Account,
  answer: Answer,
): Promise<CommandSocket> {
  const path = join(folder, `${name}.sock`);
  const client = join(folder, `${name}.mjs`);
  // Left by a start that was killed; the client's copy may be read only, by its owner too.
  await Promise.all([path, client].map((left) => rm(left, { force: true })));
  await copyFile(CLIENT, client);
  const node = await reachableNode(account);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serve(socket, answer);
  });
  await listening(server, path);
  await handOver(path, 0o600, account);
  await handOver(client, 0o400, account);
  return {
    command: (silence, ...words) =>
      [node, client, path, String(silence), ...words].map(commandWord).join(" "),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(client, { force: true });
    },
  };
}

function serve(socket: Socket, answer: Answer): void {
  let request = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.on("data", (text: string) => {
    request += text;
    if (request.length > MAX_REQUEST) socket.destroy();
  });
  socket.on("end", async () => {
    const words = request.replace(/\n$/, "").split("\t");
    socket.end(`${await answer(words)}\n`);
  });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

async function handOver(path: string, mode: number, { uid, gid }: Account): Promise<void> {
  await chmod(path, mode);
  if (runningAsRoot()) await chown(path, uid, gid);
}
