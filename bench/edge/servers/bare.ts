/** The ceiling: `node:http` and nothing else. */
import { createServer } from "node:http";
import { ITEM } from "../item.ts";
import { announce } from "./report.ts";

const length = String(Buffer.byteLength(ITEM));

announce(
  createServer((_request, response) => {
    response.writeHead(200, ["Content-Type", "application/json", "Content-Length", length]);
    response.end(ITEM);
  }),
);
