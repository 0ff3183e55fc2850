/** The edge on raw `node:http`. */
import { EDGE_PROBLEMS } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import { ITEM, itemId } from "../item.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const length = String(Buffer.byteLength(ITEM));

announce(
  createEdgeServer(benchEdge(), {
    handler: (request, response, context) => {
      context.route = "/api/v1/items/:id";
      if (itemId(request.url ?? "") === null) {
        response.writeHead(EDGE_PROBLEMS.badRequest.status);
        response.end();
        return;
      }
      response.writeHead(200, ["Content-Type", "application/json", "Content-Length", length]);
      response.end(ITEM);
    },
  }),
);
