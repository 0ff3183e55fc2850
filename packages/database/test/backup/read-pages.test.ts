import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createDatabase, startEmbeddedPostgres } from "@rempart/database";
import { readPages } from "../../src/backup/drill/read-pages.ts";
import { scratchDirectory } from "../fixtures/run.ts";

const scratch = await scratchDirectory();

test("pages that PostgreSQL wrote are sound, and one that changed on the disk is named", async () => {
  const server = await startEmbeddedPostgres({ directory: join(scratch, "home"), durable: false });
  const database = createDatabase({ url: server.url });
  await database.query("CREATE TABLE rows AS SELECT i, repeat('x', 500) FROM generate_series(1, 5000) i");
  const [row] = await database.query<{ path: string }>("SELECT pg_relation_filepath('rows') AS path");
  await database.close();
  await server.stop();
  const { pages, damaged } = await readPages(server.dataDirectory);
  assert.ok(pages > 1_000);
  assert.deepEqual(damaged, []);
  const path = row?.path ?? "";
  const file = await open(join(server.dataDirectory, path), "r+");
  await file.write(Buffer.from("!"), 0, 1, 3 * 8_192 + 4_000);
  await file.close();
  assert.deepEqual((await readPages(server.dataDirectory)).damaged, [`${path}, block 3`]);
});
