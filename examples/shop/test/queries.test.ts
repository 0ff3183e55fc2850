import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import fc from "fast-check";
import { generate, SMALL } from "../src/generate/generate.ts";
import { makeFast, plainShop } from "../src/migrations.ts";
import { fastQueries } from "../src/queries/fast.ts";
import { plainQueries } from "../src/queries/plain.ts";

let shop: TestDatabase;

before(async () => {
  shop = await testDatabase({ migrations: [plainShop] });
  await generate(shop.database, { size: SMALL });
  await makeFast(shop.database);
});

after(() => shop.close());

test("the same seed gives the same shop, with sales in it", async () => {
  const [facts] = await shop.database.query(`
    SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM orders) AS orders,
           (SELECT count(*) FROM order_lines) AS lines, (SELECT sum(total_cents)::bigint FROM orders) AS total,
           (SELECT max(placed_at) FROM orders) AS newest`);
  assert.deepEqual(facts, {
    products: 2_000,
    orders: 5_000,
    lines: 12_585,
    total: 605_406_547,
    newest: SMALL.until,
  });
});

test("a search finds the same products from the indexes as from the tables", async () => {
  const word = fc.constantFrom("amber", "lamp", "woven", "kettle", "etched", "nothing", "number");
  const searches = fc.record({
    words: fc.uniqueArray(word, { maxLength: 2 }),
    categoryId: fc.integer({ min: 1, max: 51 }),
    minCents: fc.integer({ min: 0, max: 30_000 }),
    maxCents: fc.integer({ min: 0, max: 60_000 }),
    limit: fc.integer({ min: 1, max: 30 }),
  });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(searches, async (search) => {
      const fast = await fastQueries.search(shop.database, search);
      assert.deepEqual(fast, await plainQueries.search(shop.database, search));
      found += fast.length;
    }),
    { numRuns: 200 },
  );
  assert.ok(found > 100);
});

test("the dashboard shows the same sums from the views as from the tables", async () => {
  const fast = await fastQueries.dashboard(shop.database);
  assert.deepEqual(fast, await plainQueries.dashboard(shop.database));
  assert.equal(fast.days.length, 30);
  assert.equal(fast.categories.length, 50);
  assert.ok(fast.best.length > 0);
});

test("the stock is the sum of its movements, also of those after", async () => {
  const compare = async (): Promise<void> => {
    for (const warehouseId of [1, 2, 3, 4, 5]) {
      const shelf = { warehouseId, categoryId: 7, limit: 50 };
      assert.deepEqual(
        await fastQueries.inventory(shop.database, shelf),
        await plainQueries.inventory(shop.database, shelf),
      );
    }
  };
  await compare();
  await shop.database.query(`
    INSERT INTO inventory_movements (product_id, warehouse_id, quantity, reason)
    SELECT id, 1 + id % 4, -3, 'sale' FROM products`);
  await shop.database.query("UPDATE products SET category_id = 7 WHERE id <= 40");
  await compare();
  await assert.rejects(shop.database.query("DELETE FROM inventory_movements"), {
    name: "DatabaseError",
  });
});
