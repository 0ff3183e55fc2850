/** The same answers, from indexes, views that were added up before, and stock levels that each movement keeps. */
import type { Queryable } from "@rempart/database";
import { dashboardHead, type Head } from "./plain.ts";
import type { Dashboard, FoundProduct, Search, Shelf, ShopQueries, StockLine } from "./queries.ts";

const SEARCH = `
  SELECT id, sku, name, price_cents AS "priceCents" FROM products
  WHERE active AND category_id = $1 AND price_cents BETWEEN $2 AND $3
    AND words @@ plainto_tsquery('simple', $4)
  ORDER BY price_cents, id LIMIT $5`;

const SHELF = `
  SELECT id, sku, name, price_cents AS "priceCents" FROM products
  WHERE active AND category_id = $1 AND price_cents BETWEEN $2 AND $3
  ORDER BY price_cents, id LIMIT $4`;

const HEAD = `
  SELECT newest_order_at AS "newestOrderAt", orders_day AS "ordersDay", revenue_day_cents::bigint AS "revenueDayCents",
         orders_month AS "ordersMonth", revenue_month_cents::bigint AS "revenueMonthCents",
         customers_month AS "customersMonth"
  FROM sales_dashboard_realtime`;

const MONTH = `
  FROM sales_summary_daily s
  WHERE day > (SELECT max(day) FROM sales_summary_daily) - 30`;

const DAYS = `
  SELECT day::text, sum(units)::bigint AS units, sum(revenue_cents)::bigint AS "revenueCents"
  ${MONTH} GROUP BY s.day ORDER BY s.day`;

const CATEGORIES = `
  SELECT c.name AS category, sum(s.revenue_cents)::bigint AS "revenueCents"
  FROM (SELECT category_id, revenue_cents ${MONTH}) s JOIN categories c ON c.id = s.category_id
  GROUP BY c.name ORDER BY 2 DESC, 1`;

const BEST = `
  SELECT p.id AS "productId", p.name, t.units::bigint AS units
  FROM top_products_hourly t JOIN products p ON p.id = t.product_id
  WHERE t.hour = (SELECT max(hour) FROM top_products_hourly) AND t.rank <= 10
  ORDER BY t.rank`;

const INVENTORY = `
  SELECT p.id AS "productId", p.sku, p.name, s.quantity AS stock
  FROM (SELECT product_id, quantity FROM stock_levels
        WHERE warehouse_id = $1 AND category_id = $2 ORDER BY quantity, product_id LIMIT $3) s
  JOIN products p ON p.id = s.product_id
  ORDER BY s.quantity, p.id`;

export const fastQueries: ShopQueries = {
  search(database: Queryable, { words, categoryId, minCents, maxCents, limit }: Search) {
    const shelf = [categoryId, minCents, maxCents];
    return words.length === 0
      ? database.query<FoundProduct>(SHELF, [...shelf, limit])
      : database.query<FoundProduct>(SEARCH, [...shelf, words.join(" "), limit]);
  },
  async dashboard(database) {
    const [[head], days, categories, best] = await Promise.all([
      database.query<Head>(HEAD),
      database.query<Dashboard["days"][number]>(DAYS),
      database.query<Dashboard["categories"][number]>(CATEGORIES),
      database.query<Dashboard["best"][number]>(BEST),
    ]);
    return { ...dashboardHead(head), days, categories, best };
  },
  inventory: (database: Queryable, { warehouseId, categoryId, limit }: Shelf) =>
    database.query<StockLine>(INVENTORY, [warehouseId, categoryId, limit]),
};
