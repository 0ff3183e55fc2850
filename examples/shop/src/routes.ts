/** What the edge checks before a handler runs. */
import { z } from "zod";

const cents = z.coerce.number().int().min(0).max(1_000_000_000);
const small = z.coerce.number().int().min(1).max(1_000_000);

export const searchInput = {
  query: z.object({
    q: z
      .string()
      .max(200)
      .default("")
      .transform((text) => text.split(/\s+/).filter((word) => /^[\p{L}\p{N}-]+$/u.test(word))),
    category: small,
    min: cents.default(0),
    max: cents.default(1_000_000_000),
    limit: z.coerce.number().int().min(1).max(100).default(20),
  }),
};

export const shelfInput = {
  query: z.object({
    warehouse: small,
    category: small,
    limit: z.coerce.number().int().min(1).max(500).default(50),
  }),
};

export const customerInput = {
  body: z.object({
    email: z.string().max(254),
    phone: z.string().max(40).nullable().default(null),
    address: z
      .object({
        lines: z.array(z.string().min(1).max(200)).min(1).max(6),
        postalCode: z.string().max(20),
        locality: z.string().min(1).max(200),
        country: z.string().regex(/^[A-Z]{2}$/),
      })
      .nullable()
      .default(null),
  }),
};

export const customerSearch = { query: z.object({ email: z.string().max(254) }) };

export const orderInput = {
  body: z.object({
    customerId: z.uuid(),
    warehouseId: small,
    lines: z
      .array(z.object({ productId: z.int().min(1), quantity: z.int().min(1).max(1_000) }))
      .min(1)
      .max(100)
      .refine(
        (lines) => new Set(lines.map(({ productId }) => productId)).size === lines.length,
        "each product once",
      ),
  }),
};

export const exportInput = {
  query: z.object({
    format: z.enum(["csv", "jsonl"]).default("csv"),
    after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  }),
};
