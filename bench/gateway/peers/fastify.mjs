/** Fastify 5 with `@fastify/http-proxy` and the plugins its users pick: helmet, cors, rate-limit, pino, prom-client. */
import { randomBytes, randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import proxy from "@fastify/http-proxy";
import rateLimit from "@fastify/rate-limit";
import Fastify, { LogController } from "fastify";
import { Counter, Histogram, Registry } from "prom-client";

const registers = [new Registry()];
const labelNames = ["method", "route", "status"];
const requests = new Counter({ name: "http_requests_total", help: "Requests", labelNames, registers });
const seconds = new Histogram({
  name: "http_request_duration_seconds",
  help: "Seconds",
  labelNames,
  registers,
});

const app = Fastify({
  logger: { level: "info" },
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
await app.register(cors, { origin: ["https://app.example.com"] });
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: "1 minute" });
app.addHook("onSend", async (request, reply) => {
  reply.header("X-Request-Id", request.id);
  reply.header("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
});
app.addHook("onResponse", async (request, reply) => {
  const labels = { method: request.method, route: "items", status: String(reply.statusCode) };
  requests.inc(labels);
  seconds.observe(labels, reply.elapsedTime / 1000);
  request.log.info({
    method: request.method,
    path: request.url,
    status: reply.statusCode,
    ms: reply.elapsedTime,
    address: request.ip,
  });
});
await app.register(proxy, {
  upstream: process.env.UPSTREAM,
  prefix: "/api/v1/items",
  rewritePrefix: "/api/v1/items",
  undici: { connections: 64, pipelining: 1 },
});
await app.listen({ port: 0, host: "127.0.0.1" });
process.send?.({ port: app.server.address().port });
