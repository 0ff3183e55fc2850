/** Sales added up before they are asked for. Sales are what was placed and not cancelled; days and hours are those of UTC. */
import { materializedView } from "@rempart/database";

const salesSummaryDaily = materializedView({
  name: "sales_summary_daily",
  query: `
    SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS day, p.category_id, count(DISTINCT o.id) AS orders,
           sum(l.quantity) AS units, sum(l.quantity::bigint * l.price_cents) AS revenue_cents
    FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id
    WHERE o.status <> 'cancelled'
    GROUP BY 1, 2`,
  key: ["day", "category_id"],
  everySeconds: 900,
});

const topProductsHourly = materializedView({
  name: "top_products_hourly",
  query: `
    SELECT hour, rank, product_id, units, revenue_cents FROM (
      SELECT date_trunc('hour', o.placed_at, 'UTC') AS hour, l.product_id,
             sum(l.quantity) AS units, sum(l.quantity::bigint * l.price_cents) AS revenue_cents,
             row_number() OVER (PARTITION BY date_trunc('hour', o.placed_at, 'UTC')
                                ORDER BY sum(l.quantity) DESC, l.product_id) AS rank
      FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.status <> 'cancelled'
      GROUP BY 1, 2) ranked
    WHERE rank <= 100`,
  key: ["hour", "rank"],
  everySeconds: 900,
});

const productsStats = materializedView({
  name: "products_stats",
  query: `
    SELECT l.product_id, count(DISTINCT l.order_id) AS orders, sum(l.quantity) AS units,
           sum(l.quantity::bigint * l.price_cents) AS revenue_cents, max(o.placed_at) AS last_sold_at
    FROM order_lines l JOIN orders o ON o.id = l.order_id
    WHERE o.status <> 'cancelled'
    GROUP BY l.product_id`,
  key: ["product_id"],
  everySeconds: 3_600,
  indexes: ["(units DESC, product_id)"],
});

/** One row, of the thirty days before the newest order: cheap through the index of the time, so it is refreshed most often. */
const salesDashboardRealtime = materializedView({
  name: "sales_dashboard_realtime",
  query: `
    SELECT 1 AS id, max(placed_at) AS newest_order_at,
           count(*) FILTER (WHERE placed_at > newest - interval '1 day') AS orders_day,
           coalesce(sum(total_cents) FILTER (WHERE placed_at > newest - interval '1 day'), 0) AS revenue_day_cents,
           count(*) AS orders_month, coalesce(sum(total_cents), 0) AS revenue_month_cents,
           count(DISTINCT customer_id) AS customers_month
    FROM orders, (SELECT max(placed_at) AS newest FROM orders) latest
    WHERE status <> 'cancelled' AND placed_at > newest - interval '30 days'`,
  key: ["id"],
  everySeconds: 60,
});

export const SALES_VIEWS = [salesSummaryDaily, topProductsHourly, productsStats, salesDashboardRealtime];
