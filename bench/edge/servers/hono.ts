/** The edge as Hono middleware, on `@hono/node-server`. */
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { EDGE_PROBLEMS } from "@rempart/edge";
import { type EdgeVariables, honoEdge, problemResponse } from "@rempart/edge/hono";
import { Hono } from "hono";
import { ITEM, ITEM_PREFIX, itemId } from "../item.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const edge = benchEdge();
const app = new Hono<{ Variables: EdgeVariables }>();
const item = JSON.parse(ITEM);

app.use(honoEdge(edge));
app.get("/api/v1/items/:id", (context) => {
  context.get("edge").route = "/api/v1/items/:id";
  if (itemId(ITEM_PREFIX + context.req.param("id")) === null) {
    return problemResponse(edge, context, EDGE_PROBLEMS.badRequest);
  }
  return context.json(item);
});

announce(createAdaptorServer({ fetch: app.fetch }) as Server);
