/** A process of another kind, to be scraped and ended: it tells of itself what every process does. */
import { createServer } from "node:http";
import { collectDefaultMetrics, Registry } from "prom-client";

const registry = new Registry();
collectDefaultMetrics({ register: registry });
const server = createServer(async (_request, response) => {
  response.writeHead(200, { "content-type": registry.contentType });
  response.end(await registry.metrics());
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.stdout.write("\n"));
