import type { Server } from "node:http";
import { listen } from "@rempart/runtime";
import { MessengerError } from "../errors.ts";

/** Resolves with the port. Rejects with `listen-failed`, which says what to do about it. */
export async function listenAt(
  server: Server,
  host: string,
  port: number,
  variable: string,
): Promise<number> {
  const bound = await listen(server, host, port).catch((cause) => {
    throw listenFailed(cause, host, port, variable);
  });
  return bound.port;
}

function listenFailed(cause: unknown, host: string, port: number, variable: string): MessengerError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const advice: Record<string, string> = {
    EADDRINUSE: `port ${port} is taken: stop the other program or set ${variable} to another port`,
    EACCES: `this account may not use port ${port}: set ${variable} to a port above 1023`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
  };
  return new MessengerError("listen-failed", `Cannot listen on ${host}:${port}: ${advice[code] ?? code}`, {
    cause,
  });
}
