import type { IncomingHttpHeaders } from "node:http";
import { type Answer, startWireServer, type WireServer } from "../wire-server.ts";

export interface ReceivedHook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire. */
  readonly body: string;
}

export interface TestHook extends WireServer {
  readonly received: readonly ReceivedHook[];
}

const answer = (status: number, headers: Answer["headers"] = {}): Answer => ({ status, body: "", headers });

/** An HTTP server that keeps every request and answers 204. */
export async function startHook(): Promise<TestHook> {
  const received: ReceivedHook[] = [];
  const server = await startWireServer({
    answer({ url = "", headers }, body) {
      received.push({ path: url, headers, body });
      return answer(204);
    },
    faults: { denied: answer(403), throttled: answer(429, { "retry-after": "7" }), failing: answer(503) },
  });
  return Object.assign(server, { received });
}
