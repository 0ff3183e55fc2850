/** What the contract's application takes when it uses every policy that is off by default. Imports nothing of Node. */
import { systemClock } from "@rempart/kernel";
import { z } from "zod";
import {
  createEdge,
  createMemoryIdempotencyStore,
  type Edge,
  type EdgeConfig,
  type EdgeContext,
  type Identification,
  validated,
} from "../src/index.ts";
import { BASE } from "./base.ts";

/** `features` stands for what cannot be written as JSON: functions, schemas, stores. */
export interface ContractConfig extends Partial<EdgeConfig> {
  readonly features?: true;
}

export function contractEdge({ features, ...config }: ContractConfig): Edge {
  return createEdge({ ...BASE, ...(features && featuresConfig()), ...config });
}

export const ORDER = {
  params: z.object({ id: z.string().max(8) }),
  query: z.object({ size: z.coerce.number().int().max(9).optional() }),
  headers: z.object({ "x-shop": z.string().max(5).optional() }),
  cookies: z.object({ basket: z.string().max(5).optional() }),
  body: z.object({ item: z.string().max(20) }),
};

function featuresConfig(): Partial<EdgeConfig> {
  return {
    versions: {
      versions: [
        { version: "1", deprecatedAt: 1_767_225_600_000, sunsetAt: 1_782_864_000_000, documentation: "/v2" },
        { version: "2" },
      ],
      place: { header: "API-Version" },
      fallback: "2",
    },
    identity: { identify: (facts) => identify(facts.header("authorization")) },
    experiments: { experiments: [{ name: "checkout", variants: { old: 1, new: 1 } }] },
    idempotency: { store: createMemoryIdempotencyStore({ clock: systemClock }) },
    rateLimit: {
      policies: [
        { name: "default", limit: 10_000, windowSeconds: 60 },
        { name: "burst", limit: 3, windowSeconds: 60, by: ["endpoint"] },
      ],
      default: "default",
    },
    routes: [
      { name: "orders", path: "/orders/:id", validate: ORDER, identity: "required" },
      { name: "bursts", path: "/bursts", rateLimit: ["default", "burst"] },
    ],
  };
}

function identify(authorization: string | undefined): Identification {
  if (authorization === undefined) return { kind: "anonymous" };
  const user = /^Bearer ([a-z]+)$/.exec(authorization)?.[1];
  if (user !== undefined) return { kind: "known", identity: { user } };
  const problem = { status: 401, code: "unauthenticated", title: "The token is not valid" };
  return { kind: "refused", problem, headers: ["WWW-Authenticate", 'Bearer error="invalid_token"'] };
}

export interface Ordered {
  readonly status: number;
  /** What a handler says for itself, and what it has no say in. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

let orders = 0;

/** The handler of `POST /orders/:id`: `body` is what it read of the request by itself. */
export function order(context: EdgeContext, body: string): Ordered {
  const { params, query, body: wanted } = validated(context, ORDER);
  orders += 1;
  if (params.id === "boom") throw new Error("secret cause");
  if (params.id === "conflict") throw new RangeError("secret cause");
  const { version, identity, variants } = context;
  return {
    status: 201,
    headers: {
      "Content-Type": "application/json",
      Location: `/orders/${params.id}/${orders}`,
      "Set-Cookie": "basket=1; Path=/",
      "Cache-Control": "max-age=60",
      Deprecation: "forged",
      Vary: "Accept",
      Link: '</orders>; rel="up"',
    },
    body: JSON.stringify({
      number: orders,
      version,
      user: identity?.user,
      variants,
      item: wanted.item,
      size: query.size,
      read: body,
    }),
  };
}
