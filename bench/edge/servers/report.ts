/** Tells the runner where the server listens, and what CPU it has used whenever it is asked. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export function announce(server: Server): void {
  server.listen(0, "127.0.0.1", () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
  process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
}
