/** Fills the shop with made-up products and sales: the same seed and size give the same shop. */
import type { Database, Queryable } from "@rempart/database";

export interface ShopSize {
  readonly products: number;
  readonly customers: number;
  readonly orders: number;
  /** Each order has one to this many lines; on average, half of one more. */
  readonly linesAtMost: number;
  readonly seed: number;
  /** Of the newest order. Orders spread over the year before. */
  readonly until: Date;
}

/** For a look at it: about a second. */
export const SMALL: ShopSize = {
  products: 2_000,
  customers: 500,
  orders: 5_000,
  linesAtMost: 4,
  seed: 1,
  until: new Date("2026-01-01T00:00:00Z"),
};

/** A million products, five million lines. */
export const LARGE: ShopSize = {
  ...SMALL,
  products: 1_000_000,
  customers: 200_000,
  orders: 2_000_000,
};

/** No word is a part of another: looking for a word and looking for its letters find the same. */
const ADJECTIVES = [
  "amber",
  "brisk",
  "calm",
  "dusky",
  "early",
  "frosty",
  "gentle",
  "hollow",
  "ivory",
  "jolly",
];
const THINGS = [
  "lamp",
  "kettle",
  "mirror",
  "ladder",
  "wallet",
  "blanket",
  "compass",
  "drum",
  "easel",
  "flute",
];
const TRAITS = [
  "woven",
  "forged",
  "carved",
  "glazed",
  "quilted",
  "riveted",
  "waxed",
  "turned",
  "braided",
  "etched",
];
const CATEGORIES = 50;
const WAREHOUSES = 4;

/** 0 up to, not including, 1: a hash of the row's number under the seed and a column's salt. */
const CHANCE = `
  CREATE FUNCTION pg_temp.chance(row_number bigint, salt bigint) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (hashint8extended(row_number, salt) & 9007199254740991)::double precision / 9007199254740992`;

export interface GenerateOptions {
  readonly size: ShopSize;
  readonly progress?: (step: string) => void;
}

/** Into an empty shop. Foreign keys are checked once, at the end: one by one they would take longer than everything else. */
export async function generate(
  database: Database,
  { size, progress = () => undefined }: GenerateOptions,
): Promise<void> {
  await database.session(async (session) => {
    await session.query(CHANCE);
    const keys = await dropForeignKeys(session);
    for (const [step, statement, values] of statements(size)) {
      progress(step);
      await session.query(statement, values);
    }
    progress("foreign keys");
    for (const { table, name, definition } of keys)
      await session.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
    progress("statistics");
    await session.query("VACUUM (ANALYZE)");
  });
}

type Step = readonly [name: string, statement: string, values: readonly unknown[]];

function statements(size: ShopSize): Step[] {
  const { seed, products, customers, orders, linesAtMost, until } = size;
  return [
    ["categories", CATEGORY_ROWS, [CATEGORIES]],
    ["warehouses", WAREHOUSE_ROWS, [WAREHOUSES]],
    ["products", PRODUCT_ROWS, [products, seed, ADJECTIVES, THINGS, TRAITS, CATEGORIES]],
    ["customers", CUSTOMER_ROWS, [customers, seed]],
    ["orders", ORDER_ROWS, [orders, seed, customers, until]],
    ["order lines", LINE_ROWS, [orders, seed, linesAtMost, products]],
    ["totals", TOTALS, []],
    ["sales from stock", SALE_ROWS, [seed, WAREHOUSES]],
    ["deliveries", DELIVERY_ROWS, [seed, WAREHOUSES]],
    ["sequences", SEQUENCES, []],
  ];
}

const CATEGORY_ROWS = `
  INSERT INTO categories SELECT i, 'Category ' || i FROM generate_series(1, $1::integer) i`;

const WAREHOUSE_ROWS = `
  INSERT INTO warehouses SELECT i, 'Warehouse ' || i FROM generate_series(1, $1::integer) i`;

const PRODUCT_ROWS = `
  INSERT INTO products (id, sku, name, description, category_id, price_cents, active, created_at)
  SELECT i, 'SKU-' || lpad(i::text, 8, '0'),
         ($3::text[])[1 + floor(pg_temp.chance(i, $2 + 1) * 10)] || ' ' || ($4::text[])[1 + floor(pg_temp.chance(i, $2 + 2) * 10)],
         'A ' || ($5::text[])[1 + floor(pg_temp.chance(i, $2 + 3) * 10)] || ' piece, number ' || i
           || ', made to last and easy to mend.',
         1 + floor(pg_temp.chance(i, $2 + 4) * $6),
         100 + floor(pg_temp.chance(i, $2 + 5) * 50000),
         pg_temp.chance(i, $2 + 6) < 0.95,
         timestamptz '2025-01-01 00:00Z' + make_interval(secs => floor(pg_temp.chance(i, $2 + 7) * 31536000))
  FROM generate_series(1, $1::bigint) i`;

/** Numbered ids; nothing personal is made up at this size. */
const CUSTOMER_ROWS = `
  INSERT INTO customers (id, created_at)
  SELECT lpad(to_hex(i), 32, '0')::uuid,
         timestamptz '2025-01-01 00:00Z' + make_interval(secs => floor(pg_temp.chance(i, $2 + 8) * 31536000))
  FROM generate_series(1, $1::bigint) i`;

const ORDER_ROWS = `
  INSERT INTO orders (id, customer_id, status, total_cents, placed_at)
  SELECT i, lpad(to_hex(1 + floor(pg_temp.chance(i, $2 + 9) * $3)::bigint), 32, '0')::uuid,
         CASE WHEN pg_temp.chance(i, $2 + 10) < 0.05 THEN 'cancelled' WHEN pg_temp.chance(i, $2 + 10) < 0.2 THEN 'placed' ELSE 'paid' END,
         0,
         $4::timestamptz - make_interval(secs => (31536000.0 * ($1 - i)) / $1)
  FROM generate_series(1, $1::bigint) i`;

/** A few products sell most: the square of an even chance. */
const LINE_ROWS = `
  INSERT INTO order_lines (order_id, line, product_id, quantity, price_cents)
  SELECT o, n, p.id, 1 + floor(pg_temp.chance(o * 16 + n, $2 + 11) * 3), p.price_cents
  FROM generate_series(1, $1::bigint) o
  CROSS JOIN LATERAL generate_series(1, 1 + floor(pg_temp.chance(o, $2 + 12) * $3)::integer) n
  JOIN products p ON p.id = 1 + floor(power(pg_temp.chance(o * 16 + n, $2 + 13), 2) * $4)::bigint`;

const TOTALS = `
  UPDATE orders SET total_cents = lines.total
  FROM (SELECT order_id, sum(quantity::bigint * price_cents) AS total FROM order_lines GROUP BY order_id) lines
  WHERE lines.order_id = orders.id`;

const SALE_ROWS = `
  INSERT INTO inventory_movements (product_id, warehouse_id, quantity, reason, moved_at)
  SELECT l.product_id, 1 + floor(pg_temp.chance(l.order_id * 16 + l.line, $1 + 14) * $2), -l.quantity, 'sale', o.placed_at
  FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status <> 'cancelled'`;

/** What was sold had been delivered, and something is left. */
const DELIVERY_ROWS = `
  INSERT INTO inventory_movements (product_id, warehouse_id, quantity, reason, moved_at)
  SELECT p.id, coalesce(sold.warehouse_id, 1 + p.id % $2),
         coalesce(sold.units, 0) + 1 + floor(pg_temp.chance(p.id * 16 + coalesce(sold.warehouse_id, 0), $1 + 15) * 200),
         'delivery', timestamptz '2025-01-01 00:00Z'
  FROM products p LEFT JOIN (
    SELECT product_id, warehouse_id, -sum(quantity) AS units FROM inventory_movements GROUP BY product_id, warehouse_id
  ) sold ON sold.product_id = p.id`;

const SEQUENCES = `
  SELECT setval(pg_get_serial_sequence('products', 'id'), (SELECT max(id) FROM products)),
         setval(pg_get_serial_sequence('orders', 'id'), (SELECT max(id) FROM orders))`;

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

async function dropForeignKeys(session: Queryable): Promise<ForeignKey[]> {
  const keys = await session.query<ForeignKey>(`
    SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`);
  for (const { table, name } of keys) await session.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  return keys;
}
