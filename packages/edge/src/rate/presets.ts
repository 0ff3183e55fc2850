import type { RateLimitRule } from "./rules.ts";

const MINUTE = 60;

/** Endpoints with limits of their own, in requests a minute per address; a route names one by `rateLimit`. */
const ENDPOINTS: Readonly<Record<string, number>> = { auth: 10, media: 20, messages: 100 };

/** 1,000 requests a minute: enough for reloading modules, and a loop still shows. */
export function developmentLimits(): RateLimitRule[] {
  return [{ name: "default", limit: 1000, windowSeconds: MINUTE }];
}

/**
 * 100 requests a minute per address, and the endpoints beside it: `auth` 10, `media` 20, `messages` 100, each replaced or
 * joined by those given.
 */
export function productionLimits(endpoints: Readonly<Record<string, number>> = {}): RateLimitRule[] {
  const own = Object.entries({ ...ENDPOINTS, ...endpoints });
  return [
    { name: "default", limit: 100, windowSeconds: MINUTE },
    ...own.map(([name, limit]) => ({ name, limit, windowSeconds: MINUTE })),
  ];
}

/** A quota per tenant by its tier; whoever has none is limited by address, as `free`. The endpoints as in production. */
export function multiTenantLimits(
  quotas: { readonly free: number; readonly pro: number; readonly enterprise: number } = {
    free: 100,
    pro: 1000,
    enterprise: 10_000,
  },
  endpoints: Readonly<Record<string, number>> = {},
): RateLimitRule[] {
  const [base, ...rest] = productionLimits(endpoints) as [RateLimitRule, ...RateLimitRule[]];
  return [{ ...base, limit: quotas.free, by: ["tenant"], tiers: quotas }, ...rest];
}
