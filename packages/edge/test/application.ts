/** The small application of the contract suite, in what it shares on every platform. Imports nothing of Node. */
import { EDGE_PROBLEMS, type EdgeContext, problemBody } from "../src/index.ts";

import { type ContractConfig, order } from "./features.ts";

export interface Running {
  readonly port: number;
  /** The platform does not close a connection when asked to. */
  readonly keepsConnections?: boolean;
  close(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  start(config: ContractConfig): Promise<Running>;
}

/** What a careless handler might send. */
export const WEAKER = {
  "Content-Security-Policy": "default-src *",
  "x-frame-options": "ALLOWALL",
  "X-Powered-By": "careless",
  "Access-Control-Allow-Origin": "*",
  "X-Request-Id": "forged-by-the-handler",
  Vary: "Accept",
};

export function describe(context: EdgeContext): string {
  const { requestId, client, routeClass } = context;
  return JSON.stringify({ requestId, address: client.text, routeClass });
}

/** The application where requests and responses are values. */
export async function answerFetch(request: Request, context: EdgeContext): Promise<Response> {
  if (context.routeClass === "orders") {
    const { body, ...init } = order(context, await request.text());
    return new Response(body, init);
  }
  switch (`${request.method} ${new URL(request.url).pathname}`) {
    case "GET /hello":
      return new Response("hello", { headers: { "Content-Type": "text/plain", ...WEAKER } });
    case "GET /bursts":
      return new Response("hello");
    case "GET /whoami":
      return new Response(describe(context), {
        headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*", Vary: "Accept" },
      });
    case "GET /boom":
      throw new Error("secret cause");
    case "GET /conflict":
      throw new RangeError("secret cause");
    case "POST /echo":
      return new Response(await request.text());
    default:
      return new Response(problemBody(EDGE_PROBLEMS.notFound, context.requestId), {
        status: 404,
        headers: { "Content-Type": "application/problem+json" },
      });
  }
}
