/**
 * The bare fan-out our deliveries are compared with: `ws`, no duties, a frame built once per message and written to
 * every other socket. Publishes what it receives. Prints its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { serverTextFrame } from "./wire.ts";

const server = createServer();
const sockets = new Set<Duplex>();
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

server.on("upgrade", (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (client) => {
    const subscriber = request.url === "/subscribe";
    if (subscriber) sockets.add(socket);
    client.on("close", () => sockets.delete(socket));
    client.on("message", (data: Buffer) => publish(data));
  });
});

function publish(data: Buffer): void {
  const frame = serverTextFrame(data);
  for (const socket of sockets) socket.write(frame);
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
