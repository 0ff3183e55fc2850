import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Another process, as far as whoever scrapes it can tell: it ends and starts again without giving its port away. */
export interface Peer extends AsyncDisposable {
  /** Its page of metrics. */
  readonly url: string;
  end(): void;
  start(): void;
}

export async function startPeer(): Promise<Peer> {
  let isRunning = true;
  let startedAt = Math.floor(Date.now() / 1000);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
    response.end(`process_start_time_seconds ${startedAt}\n`);
  });
  server.on("connection", (socket) => {
    if (!isRunning) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    end() {
      isRunning = false;
      server.closeAllConnections();
    },
    start() {
      isRunning = true;
      startedAt += 1;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
