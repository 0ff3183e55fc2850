import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import { readShopConfig } from "../src/config.ts";
import { shopComponent } from "../src/shop.ts";

const STRIPE_SECRET = "whsec_0123456789abcdef0123456789abcdef";
/** SHA-256 of "open-sesame". */
const ADMIN_DIGEST = "d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7";

let place: string;
let store: TestDatabase;
let shop: ReturnType<typeof shopComponent>;
let url: string;

before(async () => {
  place = await mkdtemp(join(tmpdir(), "shop-"));
  store = await testDatabase({ migrations: [] });
  const config = readShopConfig({
    DATABASE_URL: store.url,
    DATA_DIRECTORY: place,
    PORT: "0",
    STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
    ADMIN_KEY_SHA256: ADMIN_DIGEST,
  });
  shop = shopComponent({ config, started: (at) => (url = at) });
  await shop.start(new AbortController().signal);
});

after(async () => {
  await shop.stop();
  await store.close();
  await rm(place, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url + path, init);
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

/** As a page of the shop sends it. */
const OURS = { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" };

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  return ask(path, {
    method: "POST",
    body: sent,
    headers: { ...OURS, ...headers },
  });
}

/** A customer who can order. */
async function customer(email: string): Promise<string> {
  const { status, body } = await post("/api/customers", { email, phone: "+33 6 12 34 56 78" });
  assert.equal(status, 201);
  return String(body.id);
}

interface Level {
  readonly product_id: number;
  readonly warehouse_id: number;
  readonly quantity: number;
}

/** Something there is a little of. */
async function scarce(): Promise<Level> {
  const [level] = await store.database.query<Level>(`
    SELECT s.product_id, s.warehouse_id, s.quantity FROM stock_levels s JOIN products p ON p.id = s.product_id
    WHERE p.active AND s.quantity BETWEEN 3 AND 20 ORDER BY s.product_id LIMIT 1`);
  assert.ok(level);
  return level;
}

test("products are searched, and a query that makes no sense is told what is wrong with it", async () => {
  const { status, body } = await ask("/api/products?q=lamp&category=3&limit=3");
  assert.equal(status, 200);
  const products = body.products as { name: string; priceCents: number }[];
  assert.equal(products.length, 3);
  for (const { name } of products) assert.match(name, /lamp/);
  assert.deepEqual(
    products,
    products.toSorted((a, b) => a.priceCents - b.priceCents),
  );
  const wrong = await ask("/api/products?category=x&limit=1000");
  assert.equal(wrong.status, 422);
  assert.deepEqual(
    (wrong.body.errors as { pointer: string }[]).map(({ pointer }) => pointer),
    ["#/query/category", "#/query/limit"],
  );
});

test("the dashboard and a shelf are shown", async () => {
  const dashboard = await ask("/api/dashboard");
  assert.equal(dashboard.status, 200);
  assert.equal((dashboard.body.days as unknown[]).length, 30);
  const { warehouse_id: warehouse } = await scarce();
  const shelf = await ask(`/api/inventory?warehouse=${warehouse}&category=1`);
  assert.equal(shelf.status, 200);
  assert.ok((shelf.body.stock as unknown[]).length > 0);
});

test("a customer is found by the address of a mail, by the holder of the key alone, and stands in clear nowhere", async () => {
  const id = await customer("Ada@Example.org");
  const path = "/api/customers?email=ada%40example.org";
  assert.equal((await ask(path)).status, 401);
  assert.equal((await ask(path, { headers: { "X-API-Key": "guess" } })).status, 401);
  const { status, body } = await ask(path, { headers: { "X-API-Key": "open-sesame" } });
  assert.equal(status, 200);
  const [found] = body.customers as Record<string, unknown>[];
  assert.equal(found?.id, id);
  assert.equal(found?.email, "ada@example.org");
  assert.equal(found?.phone, "+33612345678");
  const rows = await store.database.query("SELECT customers::text AS row FROM customers WHERE id = $1", [id]);
  assert.doesNotMatch(JSON.stringify(rows), /ada@|example\.org|12345678/i);
  assert.equal((await post("/api/customers", { email: "no address" })).status, 422);
});

test("an order takes the goods out of the stock; together orders never take more than there is", async () => {
  const { product_id: productId, warehouse_id: warehouseId, quantity } = await scarce();
  const customerId = await customer("grace@example.org");
  const order = (pieces: number, key: string) =>
    post(
      "/api/orders",
      { customerId, warehouseId, lines: [{ productId, quantity: pieces }] },
      { "Idempotency-Key": key },
    );
  const answers = await Promise.all(Array.from({ length: 2 * quantity }, (_, i) => order(1, `one-${i}`)));
  assert.equal(answers.filter(({ status }) => status === 201).length, quantity);
  assert.ok(answers.every(({ status, body }) => status === 201 || body.code === "out-of-stock"));
  const level = await store.database.query(
    "SELECT quantity FROM stock_levels WHERE product_id = $1 AND warehouse_id = $2",
    [productId, warehouseId],
  );
  assert.deepEqual(level, [{ quantity: 0 }]);
  const first = answers.findIndex(({ status }) => status === 201);
  assert.deepEqual(
    await order(1, `one-${first}`),
    answers[first],
    "a repeated request is answered as before",
  );
});

test("a shelf that is shown from the cache shows at once what an order took", async () => {
  const { product_id: productId, warehouse_id: warehouseId, quantity } = await scarce();
  const [{ category = 0 } = {}] = await store.database.query<{ category: number }>(
    "SELECT category_id AS category FROM products WHERE id = $1",
    [productId],
  );
  const shown = async (): Promise<number | undefined> => {
    const { body } = await ask(`/api/inventory?warehouse=${warehouseId}&category=${category}&limit=500`);
    return (body.stock as { productId: number; stock: number }[]).find((line) => line.productId === productId)
      ?.stock;
  };
  assert.equal(await shown(), quantity);
  const customerId = await customer("joan@example.org");
  const placed = await post("/api/orders", { customerId, warehouseId, lines: [{ productId, quantity: 1 }] });
  assert.equal(placed.status, 201);
  assert.equal(await shown(), quantity - 1);
});

test("an order for nobody, or of nothing, is refused and leaves nothing", async () => {
  const { product_id: productId, warehouse_id: warehouseId } = await scarce();
  const before = await store.database.query("SELECT count(*) FROM orders");
  const nobody = "00000000-0000-7000-8000-000000000000";
  const lines = [{ productId, quantity: 1 }];
  assert.equal(
    (await post("/api/orders", { customerId: nobody, warehouseId, lines })).body.code,
    "unknown-customer",
  );
  const customerId = await customer("lin@example.org");
  const unknown = [{ productId: 9_999_999, quantity: 1 }];
  assert.equal(
    (await post("/api/orders", { customerId, warehouseId, lines: unknown })).body.code,
    "unknown-product",
  );
  assert.equal(
    (await post("/api/orders", { customerId, warehouseId, lines: [...lines, ...lines] })).status,
    422,
  );
  assert.deepEqual(await store.database.query("SELECT count(*) FROM orders"), before);
});

/** Stripe's way: HMAC-SHA256 over the time, a full stop and the body. */
function signed(
  body: string,
  secret = STRIPE_SECRET,
  at = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const mac = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return { "Stripe-Signature": `t=${at},v1=${mac}` };
}

test("Stripe's word that an order is paid counts once, for the whole sum, and only when Stripe signed it", async () => {
  const [order] = await store.database.query<{ id: number; total_cents: number }>(
    "SELECT id, total_cents FROM orders WHERE status = 'placed' ORDER BY id LIMIT 1",
  );
  assert.ok(order);
  const event = (id: string, amount: number) =>
    JSON.stringify({
      id,
      type: "payment_intent.succeeded",
      data: { object: { id: "pi_1", amount_received: amount, metadata: { order_id: String(order.id) } } },
    });
  const tell = (body: string, headers: Record<string, string>) => post("/webhooks/stripe", body, headers);
  const right = event("evt_2", order.total_cents);
  assert.equal((await tell(right, {})).body.code, "bad-signature");
  assert.equal(
    (await tell(right, signed(right, "whsec_somebody-else-0123456789"))).body.code,
    "bad-signature",
  );
  assert.equal((await tell(right, signed(right, STRIPE_SECRET, 1_600_000_000))).body.code, "bad-signature");
  const short = event("evt_1", order.total_cents - 1);
  assert.deepEqual((await tell(short, signed(short))).body, { outcome: "ignored" });
  assert.deepEqual((await tell(right, signed(right))).body, { outcome: "paid" });
  assert.deepEqual((await tell(right, signed(right))).body, { outcome: "known" });
  const state = await store.database.query("SELECT status, payment_intent FROM orders WHERE id = $1", [
    order.id,
  ]);
  assert.deepEqual(state, [{ status: "paid", payment_intent: "pi_1" }]);
});

test("every order line is exported to the holder of the key, and an export goes on where it broke off", async () => {
  const path = "/api/export/order-lines?format=jsonl";
  assert.equal((await ask(path)).status, 401);
  const rowsOf = async (more: string, coding: string): Promise<{ row: number }[]> => {
    const headers = { "X-API-Key": "open-sesame", "Accept-Encoding": coding };
    const answer = await fetch(`${url}${path}${more}`, { headers });
    assert.equal(answer.headers.get("content-encoding"), coding === "identity" ? null : coding);
    const text = await answer.text();
    return text === ""
      ? []
      : text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line));
  };
  const all = await rowsOf("", "identity");
  const [{ count = 0 } = {}] = await store.database.query<{ count: number }>(
    "SELECT count(*) FROM order_lines",
  );
  assert.equal(all.length, count);
  assert.deepEqual(await rowsOf("", "gzip"), all);
  assert.deepEqual(await rowsOf(`&after=${all[4_999]?.row}`, "zstd"), all.slice(5_000));
  assert.equal((await ask(`${path}&after=x`, { headers: { "X-API-Key": "open-sesame" } })).status, 422);
});

test("the ages of the views and the uses of the cache are scraped by the holder of the key", async () => {
  assert.equal((await ask("/metrics")).status, 401);
  await ask("/api/dashboard");
  const answer = await fetch(`${url}/metrics`, { headers: { "X-API-Key": "open-sesame" } });
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
  const page = await answer.text();
  for (const view of [
    "sales_summary_daily",
    "top_products_hourly",
    "products_stats",
    "sales_dashboard_realtime",
  ]) {
    const [, age] =
      new RegExp(`^materialized_view_age_seconds\\{view="${view}"\\} (\\S+)$`, "m").exec(page) ?? [];
    assert.ok(Number(age) >= 0, `${view}: ${age}`);
  }
  assert.match(page, /^cache_requests_total\{outcome="(?:made|hit|stale)"\} [1-9]/m);
});

test("what is not there is a problem document with the edge's headers", async () => {
  const answer = await fetch(`${url}/nothing`);
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});
