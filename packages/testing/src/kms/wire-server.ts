import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What is wrong with the server at the moment. */
export type Fault = "none" | "denied" | "throttled" | "failing" | "garbled" | "hanging" | "cut";

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

/** An HTTP server on loopback that speaks a store's protocol and breaks on demand. */
export async function startWireServer(wire: Wire): Promise<WireServer> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    const body = await bodyOf(request);
    await new Promise((resolve) => setTimeout(resolve, state.latencyMs));
    const fault = state.spoils > 0 ? state.fault : "none";
    state.spoils -= 1;
    if (fault === "cut") request.socket.destroy();
    else if (fault === "none") send(response, wire.answer(request, body));
    else if (fault === "garbled")
      send(response, { status: 200, body: "<html>Sign in to the network</html>" });
    else if (fault !== "hanging") send(response, wire.faults[fault]);
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

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
