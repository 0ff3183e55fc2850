-- Sales are what was placed and not cancelled. Days and hours are those of UTC.
CREATE MATERIALIZED VIEW sales_summary_daily AS
SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS day, p.category_id,
       count(DISTINCT o.id) AS orders, sum(l.quantity) AS units, sum(l.quantity::bigint * l.price_cents) AS revenue_cents
FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2;
CREATE UNIQUE INDEX sales_summary_daily_key ON sales_summary_daily (day, category_id);

CREATE MATERIALIZED VIEW top_products_hourly AS
SELECT hour, rank, product_id, units, revenue_cents FROM (
  SELECT date_trunc('hour', o.placed_at, 'UTC') AS hour, l.product_id,
         sum(l.quantity) AS units, sum(l.quantity::bigint * l.price_cents) AS revenue_cents,
         row_number() OVER (PARTITION BY date_trunc('hour', o.placed_at, 'UTC')
                            ORDER BY sum(l.quantity) DESC, l.product_id) AS rank
  FROM orders o JOIN order_lines l ON l.order_id = o.id
  WHERE o.status <> 'cancelled'
  GROUP BY 1, 2) ranked
WHERE rank <= 100;
CREATE UNIQUE INDEX top_products_hourly_key ON top_products_hourly (hour, rank);

CREATE MATERIALIZED VIEW products_stats AS
SELECT l.product_id, count(DISTINCT l.order_id) AS orders, sum(l.quantity) AS units,
       sum(l.quantity::bigint * l.price_cents) AS revenue_cents, max(o.placed_at) AS last_sold_at
FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE o.status <> 'cancelled'
GROUP BY l.product_id;
CREATE UNIQUE INDEX products_stats_key ON products_stats (product_id);
CREATE INDEX products_stats_best ON products_stats (units DESC, product_id);

-- One row: what the head of the dashboard shows of the thirty days before the newest order.
CREATE MATERIALIZED VIEW sales_dashboard_realtime AS
SELECT 1 AS id, coalesce(max(placed_at), 'epoch') AS newest_order_at,
       count(*) FILTER (WHERE placed_at > newest - interval '1 day') AS orders_day,
       coalesce(sum(total_cents) FILTER (WHERE placed_at > newest - interval '1 day'), 0) AS revenue_day_cents,
       count(*) AS orders_month, coalesce(sum(total_cents), 0) AS revenue_month_cents,
       count(DISTINCT customer_id) AS customers_month
FROM orders, (SELECT max(placed_at) AS newest FROM orders) latest
WHERE status <> 'cancelled' AND placed_at > newest - interval '30 days';
CREATE UNIQUE INDEX sales_dashboard_realtime_key ON sales_dashboard_realtime (id);
