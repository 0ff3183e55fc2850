import { type Database, isForeignKeyViolation, type Transaction } from "@rempart/database";
import type { Problem } from "@rempart/edge";
import { PROBLEMS } from "./problems.ts";

export interface NewOrder {
  readonly customerId: string;
  readonly warehouseId: number;
  /** Each product once. */
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
}

export interface PlacedOrder {
  readonly id: number;
  readonly totalCents: number;
}

/** Takes the goods out of the warehouse and writes the order, or does neither and says why. */
export async function placeOrder(database: Database, order: NewOrder): Promise<PlacedOrder | Problem> {
  try {
    return await database.transaction((tx) => place(tx, order));
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    if (isForeignKeyViolation(error, "orders_customer")) return PROBLEMS.unknownCustomer;
    throw error;
  }
}

/** Carries a refusal out of the transaction, which it rolls back. */
class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

async function place(tx: Transaction, { customerId, warehouseId, lines }: NewOrder): Promise<PlacedOrder> {
  const products = lines.map(({ productId }) => productId);
  const quantities = lines.map(({ quantity }) => quantity);
  const [order] = await tx.query<PlacedOrder>(
    `INSERT INTO orders (customer_id, status, total_cents) VALUES ($1, 'placed',
       (SELECT coalesce(sum(p.price_cents::bigint * l.quantity), 0)
        FROM unnest($2::bigint[], $3::integer[]) l(product_id, quantity) JOIN products p ON p.id = l.product_id))
     RETURNING id, total_cents AS "totalCents"`,
    [customerId, products, quantities],
  );
  const written = await tx.query(
    `INSERT INTO order_lines (order_id, line, product_id, quantity, price_cents)
     SELECT $1, l.line, p.id, l.quantity, p.price_cents
     FROM unnest($2::bigint[], $3::integer[]) WITH ORDINALITY l(product_id, quantity, line)
     JOIN products p ON p.id = l.product_id AND p.active
     RETURNING line`,
    [order?.id, products, quantities],
  );
  if (order === undefined || written.length < lines.length) throw new Refused(PROBLEMS.unknownProduct);
  await takeFromStock(tx, warehouseId, products, quantities);
  return order;
}

/** The rows of the stock stay locked until the order is committed: two orders cannot both take the last piece. */
async function takeFromStock(
  tx: Transaction,
  warehouseId: number,
  products: readonly number[],
  quantities: readonly number[],
): Promise<void> {
  const [{ enough = 0 } = {}] = await tx.query<{ enough: number }>(
    `SELECT count(*) AS enough FROM (
       SELECT s.quantity >= l.quantity AS has
       FROM unnest($2::bigint[], $3::integer[]) l(product_id, quantity)
       JOIN stock_levels s ON s.product_id = l.product_id AND s.warehouse_id = $1
       ORDER BY s.product_id FOR UPDATE OF s) level
     WHERE has`,
    [warehouseId, products, quantities],
  );
  if (enough < products.length) throw new Refused(PROBLEMS.outOfStock);
  await tx.query(
    `INSERT INTO inventory_movements (product_id, warehouse_id, quantity, reason)
     SELECT product_id, $1, -quantity, 'sale' FROM unnest($2::bigint[], $3::integer[]) l(product_id, quantity)`,
    [warehouseId, products, quantities],
  );
}
