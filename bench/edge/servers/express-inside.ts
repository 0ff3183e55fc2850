/** The `node` adapter around Express 5. */
import { createEdgeServer } from "@rempart/edge/node";
import express from "express";
import { addRoutes } from "./express-routes.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const edge = benchEdge();
const app = express();
addRoutes(app, edge);

announce(createEdgeServer(edge, { handler: (request, response) => app(request, response) }));
