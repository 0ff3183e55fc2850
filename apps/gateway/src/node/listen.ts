import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { GatewayError } from "../errors.ts";

/** Resolves with `host:port` as a URL writes it. Rejects with `listen-failed`. */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new GatewayError("listen-failed", `Cannot listen on ${host}:${port}: ${code}`, { cause });
  } finally {
    server.off("error", reject);
  }
  const bound = server.address() as AddressInfo;
  return `${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
}

/** Takes no new connection and cuts those there are. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
