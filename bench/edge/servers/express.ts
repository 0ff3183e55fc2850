/** The edge as Express 5 middleware. */
import { createServer } from "node:http";
import { EDGE_PROBLEMS } from "@rempart/edge";
import { contextOf, expressEdge, expressProblems } from "@rempart/edge/express";
import express from "express";
import { ITEM, ITEM_PREFIX, itemId } from "../item.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const edge = benchEdge();
const app = express();
const item = JSON.parse(ITEM);

app.use(expressEdge(edge));
app.get("/api/v1/items/:id", (request, response) => {
  const context = contextOf(request);
  if (context !== undefined) context.route = "/api/v1/items/:id";
  if (itemId(ITEM_PREFIX + request.params.id) === null) {
    response.status(EDGE_PROBLEMS.badRequest.status).end();
    return;
  }
  response.json(item);
});
app.use(expressProblems(edge));

announce(createServer(app));
