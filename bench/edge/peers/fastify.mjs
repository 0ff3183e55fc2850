/** Fastify 5 with the plugins its users pick: helmet, cors, rate-limit, pino, prom-client, JSON schema. */
import { randomBytes, randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import Fastify, { LogController } from "fastify";
import { announce, count, destination, item, ORIGIN, PERMISSIONS } from "./shared.mjs";

const app = Fastify({
  logger: { level: "info", stream: destination },
  logController: new LogController({ disableRequestLogging: true }),
  genReqId: () => randomUUID(),
});
await app.register(helmet, {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: [() => `'nonce-${randomBytes(16).toString("base64")}'`],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  crossOriginEmbedderPolicy: true,
});
await app.register(cors, { origin: [ORIGIN] });
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: "1 minute" });
app.addHook("onSend", async (request, reply) => {
  reply.header("X-Request-Id", request.id);
  reply.header("Permissions-Policy", PERMISSIONS);
});
app.addHook("onResponse", async (request, reply) => {
  count(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime);
  request.log.info({
    method: request.method,
    path: request.url,
    status: reply.statusCode,
    ms: reply.elapsedTime,
    address: request.ip,
  });
});

const schema = {
  params: {
    type: "object",
    properties: { id: { type: "integer", minimum: 1, maximum: 1_000_000 } },
    required: ["id"],
  },
  response: {
    200: {
      type: "object",
      properties: {
        id: { type: "integer" },
        name: { type: "string" },
        price: { type: "integer" },
        currency: { type: "string" },
        stock: { type: "integer" },
        tags: { type: "array", items: { type: "string" } },
        active: { type: "boolean" },
      },
    },
  },
};
app.get("/api/v1/items/:id", { schema }, async () => item);

await app.listen({ port: 0, host: "127.0.0.1" });
announce(app.server);
