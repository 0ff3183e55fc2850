/** The contract's application on Express 5 and on NestJS, the frameworks themselves. */
import "reflect-metadata";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { Controller, Get, Module, Post, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import express, { type Express, type Request, type Response } from "express";
import { contextOf, expressEdge, expressProblems, nestProblems } from "../src/adapters/express.ts";
import { createEdgeServer } from "../src/adapters/node.ts";
import type { Edge, EdgeContext } from "../src/index.ts";
import { describe, type Subject, WEAKER } from "./application.ts";
import { contractEdge, order } from "./features.ts";
import { listen } from "./subjects.ts";

function context(request: Request): EdgeContext {
  return contextOf(request) as EdgeContext;
}

function hello(_request: Request, response: Response): void {
  response.set(WEAKER).type("text/plain").send("hello");
}

function whoami(request: Request, response: Response): void {
  response.set({ "Access-Control-Allow-Origin": "*", Vary: "Accept" });
  response.type("application/json").send(describe(context(request)));
}

async function echo(request: Request, response: Response): Promise<void> {
  response.send(await text(request));
}

async function placeOrder(request: Request, response: Response): Promise<void> {
  const { status, headers, body } = order(context(request), await text(request));
  response.status(status).set(headers).send(body);
}

function bursts(_request: Request, response: Response): void {
  response.send("hello");
}

function boom(): void {
  throw new Error("secret cause");
}

async function conflict(): Promise<void> {
  throw new RangeError("secret cause");
}

export const expressSubject: Subject = {
  name: "express",
  start: (config) => {
    const edge = contractEdge(config);
    const app = express();
    app.use(expressEdge(edge));
    addRoutes(app, edge);
    return listen(createServer(app));
  },
};

export const expressInsideNodeSubject: Subject = {
  name: "node adapter around Express",
  start: (config) => {
    const edge = contractEdge(config);
    const app = express();
    addRoutes(app, edge);
    return listen(createEdgeServer(edge, { handler: (request, response) => app(request, response) }));
  },
};

function addRoutes(app: Express, edge: Edge): void {
  app.get("/hello", hello).get("/whoami", whoami).post("/echo", echo);
  app.post("/orders/:id", placeOrder).get("/bursts", bursts);
  app.get("/boom", boom).get("/conflict", conflict);
  app.post("/json", express.json(), (request, response) => void response.json(request.body));
  app.use("/below", express.Router().get("/here", whoami));
  app.use(expressProblems(edge));
}

/** Decorators applied by hand: as syntax they would need a compiler. */
class ContractController {}
const routes = { hello, whoami, boom, conflict, bursts };
for (const [name, handler] of Object.entries(routes)) define(name, handler, Get(name));
define("echo", echo, Post("echo"));
define("placeOrder", placeOrder, Post("orders/:id"));
Controller()(ContractController);

class ContractModule {}
Module({ controllers: [ContractController] })(ContractModule);

function define(
  name: string,
  handler: (request: Request, response: Response) => unknown,
  route: MethodDecorator,
): void {
  const descriptor = { value: handler, writable: true, enumerable: false, configurable: true };
  Object.defineProperty(ContractController.prototype, name, descriptor);
  Req()(ContractController.prototype, name, 0);
  Res()(ContractController.prototype, name, 1);
  route(ContractController.prototype, name, descriptor);
}

export const nestSubject: Subject = {
  name: "express, below NestJS",
  async start(config) {
    const edge = contractEdge(config);
    const app = await NestFactory.create(ContractModule, new ExpressAdapter(), {
      logger: false,
      bodyParser: false,
    });
    app.use(expressEdge(edge));
    // biome-ignore lint/correctness/useHookAtTopLevel: NestJS calls it so; React has no part in it
    app.useGlobalFilters(nestProblems(edge));
    await app.init();
    return listen(app.getHttpServer() as Server);
  },
};
