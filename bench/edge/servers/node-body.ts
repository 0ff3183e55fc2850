/** The edge on raw `node:http`, given a JSON body to read, parse and, with the detector on, look at. */
import { json } from "node:stream/consumers";
import { createEdgeServer } from "@rempart/edge/node";
import { ITEM } from "../item.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const edge = benchEdge();
const length = String(Buffer.byteLength(ITEM));

announce(
  createEdgeServer(edge, {
    handler: async (request, response, context) => {
      if (request.method === "POST" && edge.inspect(context, await json(request)) !== null)
        throw new Error("the detector took the body for an attack");
      response.writeHead(200, ["Content-Type", "application/json", "Content-Length", length]);
      response.end(ITEM);
    },
  }),
);
