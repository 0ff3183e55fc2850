-- Search: the words by GIN, the shelf (category and price) by a covering index that gives what a result shows.
ALTER TABLE products ADD COLUMN words tsvector
  GENERATED ALWAYS AS (to_tsvector('simple', name || ' ' || description)) STORED;
CREATE INDEX products_words ON products USING gin (words) WHERE active;
CREATE INDEX products_shelf ON products (category_id, price_cents, id) INCLUDE (sku, name) WHERE active;
CREATE INDEX products_newest ON products (created_at DESC) WHERE active;

-- An order by its customer, newest first; what was placed when, with what the dashboard adds up.
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at DESC) INCLUDE (status, total_cents);
CREATE INDEX orders_by_time ON orders (placed_at) INCLUDE (status, total_cents);
CREATE INDEX order_lines_by_product ON order_lines (product_id) INCLUDE (quantity, price_cents);
CREATE INDEX inventory_movements_by_product ON inventory_movements (product_id, warehouse_id) INCLUDE (quantity);
CREATE INDEX customers_by_email ON customers (email_index);
-- One number for a line, which an export goes by; an order has a hundred lines at most.
CREATE UNIQUE INDEX order_lines_row ON order_lines ((order_id * 1000 + line));
