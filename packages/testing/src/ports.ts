import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/**
 * A TCP port of the loopback address that was free a moment ago. Another process may take it meanwhile: let a server choose
 * its own with port 0 wherever it can say which it chose.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
