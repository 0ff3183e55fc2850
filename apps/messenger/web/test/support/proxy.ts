import { connect, createServer, type Socket } from "node:net";

/** Stands between a client and the server, and breaks the connection when told. */
export interface BreakingProxy extends AsyncDisposable {
  readonly url: () => string;
  /** Ends every connection now. */
  cut(): void;
  /** Ends every connection and takes no new one. */
  down(): void;
  up(): void;
}

export async function startProxy(target: () => string): Promise<BreakingProxy> {
  const sockets = new Set<Socket>();
  let reachable = true;
  const server = createServer((client) => {
    if (!reachable) {
      client.destroy();
      return;
    }
    const { hostname, port } = new URL(target());
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: () => `http://127.0.0.1:${port}`,
    cut,
    down() {
      reachable = false;
      cut();
    },
    up() {
      reachable = true;
    },
    async [Symbol.asyncDispose]() {
      reachable = false;
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
