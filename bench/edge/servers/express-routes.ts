import { EDGE_PROBLEMS, type Edge } from "@rempart/edge";
import { contextOf, expressProblems } from "@rempart/edge/express";
import type { Express } from "express";
import { ITEM, ITEM_PREFIX, itemId } from "../item.ts";

const item = JSON.parse(ITEM);

/** What comes behind the edge, wherever that stands. */
export function addRoutes(app: Express, edge: Edge): void {
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
}
