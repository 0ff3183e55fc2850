import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { logFiles } from "./files.ts";
import { createLogger } from "./logger.ts";

test("each class has its file, which its owner and group read; a truncated one goes on from its beginning", async () => {
  const place = await mkdtemp(join(tmpdir(), "rempart-logs-"));
  try {
    const directory = join(place, "made", "now");
    const log = createLogger({ level: "info", destinations: logFiles(directory) });
    const read = async (name: string) => {
      const text = await readFile(join(directory, name), "utf8");
      return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).msg]));
    };
    log.info({}, "said");
    log.child({ retention: "access" }).info({}, "asked");
    log.child({ retention: "audit" }).info({}, "proven");
    assert.deepEqual(await read("application.log"), ["said"]);
    assert.deepEqual(await read("access.log"), ["asked"]);
    assert.deepEqual(await read("audit.log"), ["proven"]);
    assert.equal((await stat(join(directory, "access.log"))).mode & 0o137, 0);
    await truncate(join(directory, "access.log"));
    log.child({ retention: "access" }).info({}, "again");
    assert.deepEqual(await read("access.log"), ["again"]);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});
