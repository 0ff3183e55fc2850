import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Resolves with where it listens, which the system chose for port 0. Rejects with the system's own error. */
export async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } finally {
    server.off("error", reject);
  }
  return server.address() as AddressInfo;
}

/** Takes no new connection and resolves when all are gone; those that linger are cut after `graceMs`. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
