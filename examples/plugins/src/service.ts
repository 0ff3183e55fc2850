import {
  createEdge,
  type Edge,
  type EdgeContext,
  type Exchange,
  productionLimits,
  type RateLimitStore,
} from "@rempart/edge";
import { createApp } from "./app.ts";
import type { Config } from "./config.ts";

/** What the two platforms do differently. */
export interface Platform {
  readonly contextOf: (env: unknown) => EdgeContext;
  /** Where requests are counted; default this process's memory. */
  readonly store?: RateLimitStore;
  /** How long the store may take, in milliseconds. */
  readonly budgetMs?: number;
}

const ONE_YEAR_SECONDS = 31_536_000;

/** The edge, and the application behind it. */
export function createService({ allowedOrigins, adminKeys }: Config, platform: Platform) {
  const { contextOf, store, budgetMs } = platform;
  const edge: Edge = createEdge({
    preset: "api",
    headers: { hsts: { maxAgeSeconds: ONE_YEAR_SECONDS, includeSubDomains: true } },
    cors: { origins: allowedOrigins },
    rateLimit: {
      policies: productionLimits(),
      onFailure: "local",
      ...(store === undefined ? undefined : { store }),
      ...(budgetMs === undefined ? undefined : { budgetMs }),
    },
  });
  const app = createApp({
    adminKeys,
    contextOf,
    audit: (entry) => console.log(JSON.stringify(entry)),
    failure: (context, error) => edge.failure(context as Exchange, error),
  });
  return { edge, app };
}
