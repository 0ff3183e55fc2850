/** Services that read differently, and write down what they read. */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { freePort, startNginx } from "@rempart/testing";
import { type ReadRequest, readStrictly } from "./strict-reader.ts";

export interface Recorder extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** What arrived whole since it was last asked, once nothing is arriving any more. */
  taken(): Promise<Arrivals>;
}

export interface Arrivals {
  readonly requests: readonly Seen[];
  /** What a strict reader stumbled over. */
  readonly faults: readonly string[];
}

export type Seen = Pick<ReadRequest, "method" | "target" | "body"> & {
  readonly fields: ReadRequest["fields"];
};

/** Marks an answer of an upstream's, so that a client's answers can be told from the gateway's own. */
export const ANSWERED = "x-answered-by-upstream";

/** Every byte of every connection, read by the strict reader: nothing may be left, nothing may be odd. */
export async function strictRecorder(): Promise<Recorder> {
  const connections = new Set<Recording>();
  let requests: Seen[] = [];
  let faults: string[] = [];
  const server = createTcpServer((socket) => {
    const recording = new Recording(socket, (seen) => requests.push(seen));
    connections.add(recording);
    socket.on("error", () => {});
    socket.on("close", () => {
      connections.delete(recording);
      if (recording.fault !== null) faults.push(recording.fault);
    });
  });
  return {
    name: "a strict reader",
    port: await listening(server),
    async taken() {
      while ([...connections].some((connection) => connection.isBusy)) await turn();
      const taken = { requests, faults };
      requests = [];
      faults = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const { socket } of connections) socket.destroy();
    },
  };
}

class Recording {
  readonly socket: Socket;
  readonly #onRequest: (seen: Seen) => void;
  #text = "";
  fault: string | null = null;

  constructor(socket: Socket, onRequest: (seen: Seen) => void) {
    this.socket = socket;
    this.#onRequest = onRequest;
    socket.on("data", (chunk) => this.#take(chunk.toString("latin1")));
  }

  /** In the middle of a request: the gateway either ends it or closes the connection. */
  get isBusy(): boolean {
    return this.#text !== "" || this.fault !== null;
  }

  #take(more: string): void {
    this.#text += more;
    const { requests, rest, fault } = readStrictly(this.#text, { extras: false });
    this.#text = rest === 0 ? "" : this.#text.slice(-rest);
    for (const request of requests) {
      this.#onRequest(request);
      this.socket.write(`HTTP/1.1 200 OK\r\n${ANSWERED}: yes\r\nContent-Length: 0\r\n\r\n`);
    }
    if (fault === null) return;
    this.fault = `${fault} in ${JSON.stringify(this.#text)}`;
    this.socket.destroy();
  }
}

/** Node's parser with every leniency it has: spaces, bare line feeds, two framings, … */
export async function lenientRecorder(): Promise<Recorder> {
  const server = createHttpServer({ insecureHTTPParser: true, requireHostHeader: false });
  const recorder = httpRecorder("a lenient reader", server);
  return { ...recorder, port: await listening(server) };
}

function httpRecorder(name: string, server: Server) {
  let requests: Seen[] = [];
  let underWay = 0;
  server.on("request", async (request, response) => {
    underWay += 1;
    const { method, url, headers } = request;
    const body = await text(request.setEncoding("latin1")).catch(() => null);
    const fields = Object.entries(headers).map(([field, value]) => [field, String(value)] as const);
    if (body !== null) requests.push({ method, target: url, fields, body });
    response.writeHead(200, { [ANSWERED]: "yes", "Content-Length": 0 }).end();
    underWay -= 1;
  });
  return {
    name,
    async taken() {
      while (underWay > 0) await turn();
      const taken = { requests, faults: [] };
      requests = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      (server as ReturnType<typeof createHttpServer>).closeAllConnections();
    },
  };
}

/** What nginx reads, told to a lenient reader behind it. */
export async function nginxRecorder(): Promise<Recorder> {
  const behind = await lenientRecorder();
  const port = await freePort();
  const nginx = await startNginx({
    http: `server {
      listen 127.0.0.1:${port};
      merge_slashes off;
      location / { proxy_pass http://127.0.0.1:${behind.port}; proxy_set_header Host $http_host; }
    }`,
  });
  return {
    ...behind,
    name: "nginx",
    port,
    async [Symbol.asyncDispose]() {
      await nginx.stop();
      await behind[Symbol.asyncDispose]();
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
