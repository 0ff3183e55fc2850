-- The stock as a number that each movement changes in its own transaction: live, and read without adding up.
CREATE TABLE stock_levels (
  product_id   bigint NOT NULL REFERENCES products,
  warehouse_id integer NOT NULL REFERENCES warehouses,
  category_id  integer NOT NULL,
  quantity     bigint NOT NULL,
  PRIMARY KEY (product_id, warehouse_id)
);

INSERT INTO stock_levels (product_id, warehouse_id, category_id, quantity)
SELECT m.product_id, m.warehouse_id, p.category_id, sum(m.quantity)
FROM inventory_movements m JOIN products p ON p.id = m.product_id
GROUP BY m.product_id, m.warehouse_id, p.category_id;

CREATE INDEX stock_levels_lowest ON stock_levels (warehouse_id, category_id, quantity, product_id);

-- Once a statement, in the order of the key: two orders that share products wait for one another and do not deadlock.
CREATE FUNCTION apply_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stock_levels AS level (product_id, warehouse_id, category_id, quantity)
  SELECT m.product_id, m.warehouse_id, p.category_id, sum(m.quantity)
  FROM moved m JOIN products p ON p.id = m.product_id
  GROUP BY m.product_id, m.warehouse_id, p.category_id
  ORDER BY m.product_id, m.warehouse_id
  ON CONFLICT (product_id, warehouse_id) DO UPDATE SET quantity = level.quantity + excluded.quantity;
  RETURN NULL;
END $$;

CREATE TRIGGER inventory_movements_apply AFTER INSERT ON inventory_movements
  REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION apply_movements();

CREATE FUNCTION refuse_changed_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a movement is corrected by another one' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER inventory_movements_stay BEFORE UPDATE OR DELETE ON inventory_movements
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_changed_movements();

CREATE FUNCTION move_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE stock_levels SET category_id = NEW.category_id WHERE product_id = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER products_move_category AFTER UPDATE OF category_id ON products
  FOR EACH ROW WHEN (OLD.category_id <> NEW.category_id) EXECUTE FUNCTION move_category();
