/** What Express 5 costs by itself. */
import { createServer } from "node:http";
import express from "express";
import { ITEM } from "../item.ts";
import { announce } from "./report.ts";

const app = express();
const item = JSON.parse(ITEM);
app.get("/api/v1/items/:id", (_request, response) => void response.json(item));

announce(createServer(app));
