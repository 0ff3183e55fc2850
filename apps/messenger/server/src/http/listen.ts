import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MessengerError } from "../errors.ts";

/** Resolves with the port. Rejects with `listen-failed`, which says what to do about it. */
export async function listen(server: Server, host: string, port: number, variable: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    throw listenFailed(cause, host, port, variable);
  } finally {
    server.off("error", reject);
  }
  return (server.address() as AddressInfo).port;
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

/** Takes no new connection and resolves when all are gone; those that linger are cut after `graceMs`. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
