import { type Environment, fields, readConfig, type Secret } from "@rempart/runtime";
import { z } from "zod";

const { integer, port, secret, secretUrl, text } = fields;

const variables = z.object({
  DATABASE_URL: secretUrl(["postgres", "postgresql"])
    .optional()
    .describe("PostgreSQL 15 or newer. Unset: an embedded PostgreSQL under DATA_DIRECTORY."),
  DATA_DIRECTORY: text()
    .default(".shop")
    .describe("Where the embedded PostgreSQL and the local key are kept."),
  HOST: text({ max: 255 }).default("127.0.0.1").describe("Address to listen on."),
  PORT: port().default(4000).describe("Port to listen on; 0 takes a free one."),
  STRIPE_WEBHOOK_SECRET: secret().optional().describe("`whsec_…`. Unset: the webhook answers 404."),
  ADMIN_KEY_SHA256: text({ max: 64 })
    .refine((digest) => /^[0-9a-f]{64}$/.test(digest))
    .optional()
    .describe("SHA-256 of the key that reads customers, in hexadecimal. Unset: nobody does."),
  CACHE_SECONDS: integer({ min: 0, max: 3_600, unit: "seconds" })
    .default(5)
    .describe("How long a shelf's stock is shown from the cache; 0 asks each time."),
});

export interface ShopConfig {
  readonly databaseUrl: Secret | null;
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly stripeSecret: Secret | null;
  readonly adminDigest: string | null;
  readonly cacheSeconds: number;
}

/** Throws `RuntimeError` `invalid-configuration`, which names every wrong variable. */
export function readShopConfig(env: Environment): ShopConfig {
  const read = readConfig(variables, env);
  return {
    databaseUrl: read.DATABASE_URL ?? null,
    dataDirectory: read.DATA_DIRECTORY,
    host: read.HOST,
    port: read.PORT,
    stripeSecret: read.STRIPE_WEBHOOK_SECRET ?? null,
    adminDigest: read.ADMIN_KEY_SHA256 ?? null,
    cacheSeconds: read.CACHE_SECONDS,
  };
}
