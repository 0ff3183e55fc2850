/** `node src/node.ts`: the service on Node. */
import type { IncomingMessage } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { contextOf, createEdgeServer } from "@rempart/edge/node";
import { readConfig } from "./config.ts";
import { createService } from "./service.ts";

const { edge, app } = createService(readConfig(process.env), {
  contextOf(env) {
    const context = contextOf((env as { incoming: IncomingMessage }).incoming);
    if (context === undefined) throw new TypeError("the request did not come through the edge");
    return context;
  },
});
const server = createEdgeServer(edge, { handler: getRequestListener(app.fetch) });
server.listen(Number(process.env.PORT ?? 8787), process.env.HOST ?? "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ event: "listening", address }));
});
process.once("SIGTERM", () => server.close());
