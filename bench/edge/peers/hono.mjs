/** Hono with the middleware its users pick: secureHeaders, cors, hono-rate-limiter, pino, prom-client, zod. */
import { randomUUID } from "node:crypto";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { NONCE, secureHeaders } from "hono/secure-headers";
import { rateLimiter } from "hono-rate-limiter";
import { pino } from "pino";
import { announce, count, destination, item, ORIGIN, params } from "./shared.mjs";

const ROUTE = "/api/v1/items/:id";
const log = pino(destination);
const app = new Hono();
const addressOf = (context) => getConnInfo(context).remote.address ?? "";

app.use(requestId({ generator: () => randomUUID() }));
app.use(async (context, next) => {
  const startedAt = performance.now();
  await next();
  const { method, path } = context.req;
  const { status } = context.res;
  const ms = performance.now() - startedAt;
  count(method, ROUTE, status, ms);
  log.info({ requestId: context.get("requestId"), method, path, status, ms, address: addressOf(context) });
});
app.use(
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: [NONCE],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    crossOriginEmbedderPolicy: true,
    permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
  }),
);
app.use(cors({ origin: [ORIGIN] }));
app.use(
  rateLimiter({
    windowMs: 60_000,
    limit: 1_000_000_000,
    standardHeaders: "draft-6",
    keyGenerator: addressOf,
  }),
);
app.get(ROUTE, (context) =>
  params.safeParse(context.req.param()).success ? context.json(item) : context.body(null, 400),
);

const server = createAdaptorServer({ fetch: app.fetch });
server.listen(0, "127.0.0.1", () => announce(server));
