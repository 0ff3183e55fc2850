/** The edge as Express 5 middleware. */
import { createServer } from "node:http";
import { expressEdge } from "@rempart/edge/express";
import express from "express";
import { addRoutes } from "./express-routes.ts";
import { benchEdge } from "./hardened.ts";
import { announce } from "./report.ts";

const edge = benchEdge();
const app = express();
app.use(expressEdge(edge));
addRoutes(app, edge);

announce(createServer(app));
