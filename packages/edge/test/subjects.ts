/** The same small application on each adapter, so that one suite can ask them the same questions. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createAdaptorServer, getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { type EdgeVariables, failureResponse, honoEdge, problemResponse } from "../src/adapters/hono.ts";
import { contextOf, createEdgeServer } from "../src/adapters/node.ts";
import { EDGE_PROBLEMS, type Edge, type EdgeContext, problemBody } from "../src/index.ts";
import { describe, type Running, type Subject, WEAKER } from "./application.ts";
import { contractEdge, order } from "./features.ts";

export function listen(server: Server): Promise<Running> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answerPlainly(request: IncomingMessage, response: ServerResponse, context: EdgeContext) {
  if (context.routeClass === "orders") {
    const { status, headers, body } = order(context, await text(request));
    const { Location, Vary, ...others } = headers;
    response.setHeader("Location", Location as string);
    response.setHeader("Vary", Vary as string);
    response.setHeader("Set-Cookie", ["other=2; Path=/"]);
    response.writeHead(status, others);
    response.write(body.slice(0, 3));
    response.end(body.slice(3));
    return;
  }
  switch (`${request.method} ${request.url}`) {
    case "GET /bursts":
    case "GET /hello":
      response.writeHead(200, { "Content-Type": "text/plain", ...WEAKER });
      response.end("hello");
      return;
    case "GET /whoami":
      response.setHeader("Content-Type", "application/json");
      response.setHeader("Content-Security-Policy", "default-src *");
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.setHeader("Vary", "Accept");
      response.end(describe(context));
      return;
    case "GET /boom":
      throw new Error("secret cause");
    case "GET /conflict":
      throw new RangeError("secret cause");
    case "POST /echo":
      response.end(await text(request));
      return;
    default:
      response.writeHead(404, { "Content-Type": "application/problem+json" });
      response.end(problemBody(EDGE_PROBLEMS.notFound, context.requestId));
  }
}

function addRoutes(app: Hono<{ Variables: EdgeVariables }>, edge: Edge): void {
  app.get("/hello", (c) => c.text("hello", 200, WEAKER));
  app.get("/whoami", (c) =>
    c.body(describe(c.get("edge")), 200, { "Content-Type": "application/json", Vary: "Accept" }),
  );
  app.get("/boom", () => {
    throw new Error("secret cause");
  });
  app.get("/conflict", () => {
    throw new RangeError("secret cause");
  });
  app.post("/orders/:id", async (c) => {
    const { body, ...init } = order(c.get("edge"), await c.req.text());
    return new Response(body, init);
  });
  app.get("/bursts", (c) => c.text("hello"));
  app.post("/echo", async (c) => c.text(await c.req.text()));
  app.notFound((c) => problemResponse(edge, c, EDGE_PROBLEMS.notFound));
  app.onError((_error, c) => c.text("left to the edge", 500));
}

export const nodeSubject: Subject = {
  name: "node",
  start: (config) =>
    listen(
      createEdgeServer(contractEdge(config), {
        handler: answerPlainly,
        onUpgrade: (_request, socket, _head, context) => {
          socket.end(
            `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Seen: ${context.requestId}\r\n\r\n`,
          );
        },
      }),
    ),
};

export const honoSubject: Subject = {
  name: "hono",
  start: (config) => {
    const edge = contractEdge(config);
    const app = new Hono<{ Variables: EdgeVariables }>();
    app.use(honoEdge(edge));
    addRoutes(app, edge);
    return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
  },
};

/** Hono's own listener as the handler of the node adapter: how an application serves Hono and WebSockets on one port. */
export const honoInsideNodeSubject: Subject = {
  name: "node adapter around Hono",
  start: (config) => {
    const edge = contractEdge(config);
    const app = new Hono<{ Variables: EdgeVariables }>();
    app.use(async (c, next) => {
      const context = contextOf((c.env as { incoming: IncomingMessage }).incoming);
      if (context === undefined) throw new TypeError("the request did not come through the edge");
      c.set("edge", context);
      await next();
    });
    addRoutes(app, edge);
    app.onError((error, c) => failureResponse(edge, c, error));
    return listen(createEdgeServer(edge, { handler: getRequestListener(app.fetch) }));
  },
};
