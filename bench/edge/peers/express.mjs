/** Express 5 with the middleware its users pick: helmet, cors, express-rate-limit, pino-http, prom-client, zod. */
import { randomBytes, randomUUID } from "node:crypto";
import cors from "cors";
import express from "express";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { pinoHttp } from "pino-http";
import { announce, count, destination, item, ORIGIN, PERMISSIONS, params } from "./shared.mjs";

const ROUTE = "/api/v1/items/:id";
const app = express();

app.use(
  pinoHttp({
    stream: destination,
    genReqId: (_request, response) => {
      const id = randomUUID();
      response.setHeader("X-Request-Id", id);
      return id;
    },
    serializers: {
      req: ({ id, method, url, remoteAddress }) => ({ id, method, path: url, address: remoteAddress }),
      res: ({ statusCode }) => ({ status: statusCode }),
    },
  }),
);
app.use((request, response, next) => {
  const startedAt = performance.now();
  response.on("finish", () =>
    count(request.method, ROUTE, response.statusCode, performance.now() - startedAt),
  );
  response.setHeader("Permissions-Policy", PERMISSIONS);
  next();
});
app.use(
  helmet({
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
  }),
);
app.use(cors({ origin: [ORIGIN] }));
app.use(
  rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: "draft-8", legacyHeaders: true }),
);
app.get(ROUTE, (request, response) => {
  if (params.safeParse(request.params).success) response.json(item);
  else response.status(400).end();
});

const server = app.listen(0, "127.0.0.1", () => announce(server));
