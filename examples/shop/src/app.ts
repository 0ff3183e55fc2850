import { createHash, timingSafeEqual } from "node:crypto";
import type { Cache, Database } from "@rempart/database";
import {
  createEdge,
  createMemoryIdempotencyStore,
  type Edge,
  type EdgeContext,
  type Identification,
  PROBLEM_MEDIA_TYPE,
  type Problem,
  problemBody,
  productionLimits,
  validated,
} from "@rempart/edge";
import { contextOf, expressEdge, expressProblems } from "@rempart/edge/express";
import type { Clock } from "@rempart/kernel";
import { KeysError } from "@rempart/keys";
import { acceptedPage } from "@rempart/observability";
import express, { type Express, type Request, type Response } from "express";
import type { Registry } from "prom-client";
import type { Customers } from "./customers.ts";
import { exportOrderLines } from "./export.ts";
import { placeOrder } from "./orders.ts";
import type { PaymentOutcome, Payments } from "./payments.ts";
import { PROBLEMS } from "./problems.ts";
import { stockTag } from "./queries/cached.ts";
import type { ShopQueries } from "./queries/queries.ts";
import { customerInput, customerSearch, exportInput, orderInput, searchInput, shelfInput } from "./routes.ts";

export interface ShopParts {
  readonly database: Database;
  readonly queries: ShopQueries;
  readonly cache: Cache;
  readonly customers: Customers;
  /** Null: there is no webhook. */
  readonly payments: Payments | null;
  /** SHA-256 of the administrator's key, in hexadecimal. Null: nobody administers. */
  readonly adminDigest: string | null;
  readonly registry: Registry;
  readonly clock: Clock;
}

export function createShop(parts: ShopParts): Express {
  const { database, queries, customers, payments, cache, registry } = parts;
  const edge = createShopEdge(parts);
  const app = express();
  app.disable("x-powered-by");
  app.use(expressEdge(edge));

  app.get("/api/products", async (request, response) => {
    const { q, category, min, max, limit } = validated(context(request), searchInput).query;
    const search = { words: q, categoryId: category, minCents: min, maxCents: max, limit };
    response.json({ products: await queries.search(database, search) });
  });
  app.get("/api/dashboard", async (_request, response) => {
    response.json(await queries.dashboard(database));
  });
  app.get("/api/inventory", async (request, response) => {
    const { warehouse, category, limit } = validated(context(request), shelfInput).query;
    const shelf = { warehouseId: warehouse, categoryId: category, limit };
    response.json({ stock: await queries.inventory(database, shelf) });
  });
  app.post("/api/customers", async (request, response) => {
    const { body } = validated(context(request), customerInput);
    const id = await customers.add(body).catch(refusedField);
    if (typeof id === "string") response.status(201).json({ id });
    else refuse(request, response, id);
  });
  app.get("/api/customers", async (request, response) => {
    const { email } = validated(context(request), customerSearch).query;
    response.json({ customers: await customers.byEmail(email) });
  });
  app.post("/api/orders", async (request, response) => {
    const { body } = validated(context(request), orderInput);
    const placed = await placeOrder(database, body);
    if (!("id" in placed)) return refuse(request, response, placed);
    // The order stands, whatever the cache says: a shelf is then old until its time is over.
    await cache.deleteTag(stockTag(body.warehouseId)).catch(() => 0);
    response.status(201).json(placed);
  });
  app.get("/api/export/order-lines", async (request, response) => {
    const { query } = validated(context(request), exportInput);
    await exportOrderLines(database, query, request, response);
  });
  app.get("/metrics", async (request, response) => {
    const { contentType, text } = await acceptedPage(registry, request.get("accept"));
    response.set("Content-Type", contentType).send(text);
  });
  app.post("/webhooks/stripe", express.raw({ type: "*/*", limit: "1mb" }), async (request, response) => {
    if (payments === null) return refuse(request, response, PROBLEMS.notFound);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    answerStripe(request, response, await payments((name) => request.get(name), body));
  });

  app.use((request: Request, response: Response) => refuse(request, response, PROBLEMS.notFound));
  app.use(expressProblems(edge));
  return app;
}

function createShopEdge({ adminDigest, clock }: ShopParts): Edge {
  return createEdge({
    preset: "api",
    rateLimit: { policies: productionLimits() },
    identity: { identify: (facts) => identify(facts.header("x-api-key"), adminDigest) },
    idempotency: { store: createMemoryIdempotencyStore({ clock }) },
    routes: [
      { name: "stripe", path: "/webhooks/stripe", methods: ["POST"], csrf: false, rateLimit: false },
      { name: "products", path: "/api/products", validate: searchInput },
      { name: "inventory", path: "/api/inventory", validate: shelfInput },
      {
        name: "customer-search",
        path: "/api/customers",
        methods: ["GET"],
        identity: "required",
        validate: customerSearch,
      },
      { name: "metrics", path: "/metrics", identity: "required" },
      { name: "export", path: "/api/export/*", identity: "required", validate: exportInput },
      { name: "customers", path: "/api/customers", validate: customerInput },
      { name: "orders", path: "/api/orders", validate: orderInput },
    ],
  });
}

/** By digest, in constant time. */
function identify(key: string | undefined, adminDigest: string | null): Identification {
  if (key === undefined) return { kind: "anonymous" };
  const digest = createHash("sha256").update(key).digest();
  const known = adminDigest !== null && timingSafeEqual(digest, Buffer.from(adminDigest, "hex"));
  return known
    ? { kind: "known", identity: { user: "administrator" } }
    : { kind: "refused", problem: PROBLEMS.unauthorized };
}

function context(request: Request): EdgeContext {
  const found = contextOf(request);
  if (found === undefined) throw new TypeError("the request did not come through the edge");
  return found;
}

/** What cannot be kept encrypted, because it is no such datum, is the caller's to mend. */
function refusedField(error: unknown): Problem {
  if (error instanceof KeysError && error.code === "invalid-field") return PROBLEMS.badContact;
  throw error;
}

function answerStripe(request: Request, response: Response, outcome: PaymentOutcome): void {
  if (outcome === "unsigned") refuse(request, response, PROBLEMS.badSignature);
  else response.json({ outcome });
}

function refuse(request: Request, response: Response, problem: Problem): void {
  response.status(problem.status).type(PROBLEM_MEDIA_TYPE);
  response.send(problemBody(problem, context(request).requestId));
}
