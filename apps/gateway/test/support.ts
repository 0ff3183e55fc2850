/** Real upstreams and a real gateway in front of them, on free ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import type { Outcome } from "@rempart/edge";
import { systemClock } from "@rempart/kernel";
import { type Gateway, type GatewayConfig, type GatewayPorts, startGateway } from "../src/index.ts";

export interface Running extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export interface RunningServer extends Running {
  readonly server: Server;
}

export async function startUpstream(listener: RequestListener): Promise<RunningServer> {
  const server = createServer(listener);
  return { server, ...(await started(server)), [Symbol.asyncDispose]: () => closed(server) };
}

async function started(server: { listen(port: number, host: string): unknown; address(): unknown }) {
  server.listen(0, "127.0.0.1");
  await once(server as unknown as Server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

async function closed(server: Server): Promise<void> {
  const ended = once(server, "close");
  server.close();
  server.closeAllConnections();
  await ended;
}

/** An upstream of bytes: `answer` is called for each piece that arrives on a connection. */
export async function startRawUpstream(answer: (socket: Socket, bytes: string) => void): Promise<Running> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("data", (bytes) => answer(socket, bytes.toString("latin1")));
    socket.on("error", () => socket.destroy());
  });
  return {
    ...(await started(server)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** An upstream in a process of its own, which can be killed. Answers its pid. */
export async function startProcess(): Promise<Running & { readonly child: ChildProcess }> {
  const script = new URL("upstream-process.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [port] = (await once(child, "message")) as [number];
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface RunningGateway extends Gateway, AsyncDisposable {
  readonly port: number;
  readonly outcomes: readonly Pick<Outcome, "status" | "code" | "path">[];
}

type UpstreamConfig = GatewayConfig["upstreams"][string];

/** One upstream for every path; `changes` replace parts of the configuration. */
export async function startInFront(
  targets: readonly string[],
  { upstream = {}, ...changes }: Partial<GatewayConfig> & { upstream?: Partial<UpstreamConfig> } = {},
  { clock = systemClock }: Pick<GatewayPorts, "clock"> = {},
): Promise<RunningGateway> {
  const outcomes: Outcome[] = [];
  const gateway = await startGateway(
    {
      listen: { port: 0 },
      admin: { port: 0 },
      edge: { preset: "api", rateLimit: false, csrf: false },
      upstreams: { service: { targets: [...targets], ...upstream } },
      routes: [{ name: "all", path: "/*", upstream: "service", webSocket: "any-client", bodyBytes: 2 ** 31 }],
      ...changes,
    },
    {
      clock,
      accessLog: (lines) => {
        for (const line of lines.trim().split("\n")) outcomes.push(JSON.parse(line));
      },
    },
  );
  return {
    ...gateway,
    outcomes,
    port: Number(new URL(gateway.url).port),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Sends bytes on a connection of its own and gives everything that came until it ended. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  socket.write(bytes, "latin1");
  await once(socket, "close");
  return text;
}

export interface Health {
  readonly status: string;
  readonly upstreams: readonly { circuit: string; targets: readonly { target: string; state: string }[] }[];
}

export async function healthOf({ adminUrl }: Gateway): Promise<Health> {
  return (await (await fetch(`${adminUrl}/health`)).json()) as Health;
}
