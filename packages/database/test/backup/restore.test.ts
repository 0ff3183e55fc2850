import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { RestoreHook } from "@rempart/database/backup";
import { backedUpServer } from "./kit.ts";

/** What the restored database holds, seen by a hook: before anybody else. */
function countRows(): RestoreHook & { readonly counts: number[] } {
  const counts: number[] = [];
  return {
    name: "count",
    counts,
    async run({ database }) {
      const [row] = await database.query<{ n: number }>("SELECT count(*) AS n FROM rows");
      counts.push(row?.n ?? -1);
    },
  };
}

test("a restore to latest has every row of the archived log", async () => {
  await using server = await backedUpServer();
  await server.database.query("CREATE TABLE rows (id int)");
  await server.database.query("INSERT INTO rows SELECT generate_series(1, 1000)");
  await server.engine.run();
  await server.database.query("INSERT INTO rows SELECT generate_series(1001, 1500)");
  await server.archived();
  const hook = countRows();
  await server.engine.restore({
    target: { kind: "latest" },
    directory: join(server.scratch, "beside"),
    hooks: [hook],
  });
  assert.deepEqual(hook.counts, [1500]);
});
