import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is wrong with the server at the moment. */
export type Fault = "none" | "denied" | "throttled" | "failing" | "garbled" | Breach;

/** Faults below the protocol: no answer, a lost connection, or an answer that is lost half-way, slow, endless, or leads elsewhere. */
type Breach = "hanging" | "cut" | "half" | "dripping" | "endless" | "redirecting";

export interface WireServer extends AsyncDisposable {
  readonly address: string;
  fault: Fault;
  /** Requests that the fault still spoils. */
  spoils: number;
  /** Milliseconds before each answer. */
  latencyMs: number;
  /** Requests that arrived. */
  readonly requests: number;
}

export interface Wire {
  /** The protocol's answer to a healthy request. */
  answer(request: IncomingMessage, body: string): Answer;
  readonly faults: Readonly<Record<"denied" | "throttled" | "failing", Answer>>;
}

/** An HTTP server on loopback that speaks a protocol and breaks on demand. */
export async function startWireServer(wire: Wire): Promise<WireServer> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    // What was wrong when it arrived: who saw that it did may mend it at once.
    const fault = state.spoils > 0 ? state.fault : "none";
    state.spoils -= 1;
    const body = await bodyOf(request);
    await new Promise((resolve) => setTimeout(resolve, state.latencyMs));
    if (fault === "none") send(response, wire.answer(request, body));
    else if (fault === "garbled")
      send(response, { status: 200, body: "<html>Sign in to the network</html>" });
    else if (fault === "denied" || fault === "throttled" || fault === "failing")
      send(response, wire.faults[fault]);
    else BREACHES[fault](response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const state: WireServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: "none",
    spoils: Number.POSITIVE_INFINITY,
    latencyMs: 0,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

const DRIP_MS = 5;
const PIECE = Buffer.alloc(65_536, 120);

const BREACHES: Readonly<Record<Breach, (response: ServerResponse) => void>> = {
  hanging: () => undefined,
  cut: (response) => response.socket?.destroy(),
  half: (response) =>
    response.writeHead(200, { "content-length": "100" }).write("{", () => response.socket?.destroy()),
  dripping(response) {
    response.writeHead(200);
    const drip = setInterval(() => response.write(" "), DRIP_MS);
    response.on("close", () => clearInterval(drip));
  },
  endless(response) {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write(PIECE));
    };
    response.on("drain", pour);
    pour();
  },
  redirecting: (response) => response.writeHead(307, { location: "/elsewhere" }).end(),
};

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
