/** What Hono costs by itself. */
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { ITEM } from "../item.ts";
import { announce } from "./report.ts";

const app = new Hono();
const item = JSON.parse(ITEM);
app.get("/api/v1/items/:id", (context) => context.json(item));

announce(createAdaptorServer({ fetch: app.fetch }) as Server);
