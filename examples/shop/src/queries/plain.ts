/** Answers from the tables as they were written: every question reads what it is about. */
import type { Queryable } from "@rempart/database";
import type { Dashboard, FoundProduct, Search, Shelf, ShopQueries, StockLine } from "./queries.ts";

const SEARCH = `
  SELECT id, sku, name, price_cents AS "priceCents" FROM products
  WHERE active AND category_id = $1 AND price_cents BETWEEN $2 AND $3
    AND name || ' ' || description ILIKE ALL ($4)
  ORDER BY price_cents, id LIMIT $5`;

const HEAD = `
  SELECT max(placed_at) AS "newestOrderAt",
         count(*) FILTER (WHERE placed_at > newest - interval '1 day') AS "ordersDay",
         coalesce(sum(total_cents) FILTER (WHERE placed_at > newest - interval '1 day'), 0)::bigint AS "revenueDayCents",
         count(*) AS "ordersMonth", coalesce(sum(total_cents), 0)::bigint AS "revenueMonthCents",
         count(DISTINCT customer_id) AS "customersMonth"
  FROM orders, (SELECT max(placed_at) AS newest FROM orders) latest
  WHERE status <> 'cancelled' AND placed_at > newest - interval '30 days'`;

const MONTH = `
  orders o JOIN order_lines l ON l.order_id = o.id
  WHERE o.status <> 'cancelled' AND (o.placed_at AT TIME ZONE 'UTC')::date >
    (SELECT (max(placed_at) AT TIME ZONE 'UTC')::date - 30 FROM orders)`;

const DAYS = `
  SELECT (o.placed_at AT TIME ZONE 'UTC')::date::text AS day, sum(l.quantity)::bigint AS units,
         sum(l.quantity::bigint * l.price_cents)::bigint AS "revenueCents"
  FROM ${MONTH} GROUP BY 1 ORDER BY 1`;

const CATEGORIES = `
  SELECT c.name AS category, sum(s.revenue)::bigint AS "revenueCents"
  FROM (SELECT l.product_id, l.quantity::bigint * l.price_cents AS revenue FROM ${MONTH}) s
  JOIN products p ON p.id = s.product_id JOIN categories c ON c.id = p.category_id
  GROUP BY c.name ORDER BY 2 DESC, 1`;

const BEST = `
  SELECT p.id AS "productId", p.name, sum(l.quantity)::bigint AS units
  FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id
  WHERE o.status <> 'cancelled' AND date_trunc('hour', o.placed_at, 'UTC') =
    (SELECT date_trunc('hour', max(placed_at), 'UTC') FROM orders WHERE status <> 'cancelled')
  GROUP BY p.id, p.name ORDER BY units DESC, p.id LIMIT 10`;

const INVENTORY = `
  SELECT p.id AS "productId", p.sku, p.name, sum(m.quantity)::bigint AS stock
  FROM products p JOIN inventory_movements m ON m.product_id = p.id
  WHERE m.warehouse_id = $1 AND p.category_id = $2
  GROUP BY p.id, p.sku, p.name ORDER BY stock, p.id LIMIT $3`;

export const plainQueries: ShopQueries = {
  search(database, { words, categoryId, minCents, maxCents, limit }: Search) {
    const patterns = words.map((word) => `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`);
    return database.query<FoundProduct>(SEARCH, [categoryId, minCents, maxCents, patterns, limit]);
  },
  async dashboard(database) {
    const [head] = await database.query<Head>(HEAD);
    const days = await database.query<Dashboard["days"][number]>(DAYS);
    const categories = await database.query<Dashboard["categories"][number]>(CATEGORIES);
    const best = await database.query<Dashboard["best"][number]>(BEST);
    return { ...dashboardHead(head), days, categories, best };
  },
  inventory: (database: Queryable, { warehouseId, categoryId, limit }: Shelf) =>
    database.query<StockLine>(INVENTORY, [warehouseId, categoryId, limit]),
};

export interface Head extends Omit<Dashboard, "days" | "categories" | "best" | "newestOrderAt"> {
  readonly newestOrderAt: Date | null;
}

/** A shop without an order has a dashboard too. */
export function dashboardHead(head: Head | undefined): Omit<Dashboard, "days" | "categories" | "best"> {
  const nothing = {
    ordersDay: 0,
    revenueDayCents: 0,
    ordersMonth: 0,
    revenueMonthCents: 0,
    customersMonth: 0,
  };
  return { ...nothing, ...head, newestOrderAt: head?.newestOrderAt ?? new Date(0) };
}
