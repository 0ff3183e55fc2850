import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** The way to a database, which may end or fall silent while the database itself is well. */
export interface DatabaseWay extends AsyncDisposable {
  /** The address through here. */
  through(url: string): string;
  /** Every connection ends, and new ones do at once. */
  cut(): void;
  /** Nothing comes back on any connection. */
  freeze(): void;
  open(): void;
}

export async function databaseWay(): Promise<DatabaseWay> {
  let mode: "open" | "cut" | "frozen" = "open";
  let target: NetConnectOpts | null = null;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).once("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    if (mode === "cut" || target === null) return void near.destroy();
    const far = keep(connect(target));
    keep(near).pipe(far).pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
    if (mode === "frozen") far.pause();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    through(url) {
      target = placeOf(new URL(url));
      const own = new URL(url);
      own.search = "";
      own.hostname = "127.0.0.1";
      own.port = String((server.address() as AddressInfo).port);
      return own.href;
    },
    cut() {
      mode = "cut";
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      mode = "frozen";
      for (const socket of sockets) socket.pause();
    },
    open() {
      mode = "open";
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A server of tests listens on a socket in the file system, which its address names as `host`. */
function placeOf({ hostname, port, searchParams }: URL): NetConnectOpts {
  const directory = searchParams.get("host");
  if (directory === null) return { host: hostname, port: Number(port) };
  return { path: `${directory}/.s.PGSQL.${searchParams.get("port") ?? port}` };
}
