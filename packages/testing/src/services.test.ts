import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "./ports.ts";
import { startRedis } from "./redis.ts";
import { onPath, requireService } from "./services.ts";

test("a program is found on the PATH only when it can be executed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rempart-path-"));
  const program = join(directory, "rempart-no-such-program");
  await writeFile(program, "#!/bin/sh\n", { mode: 0o644 });
  assert.equal(onPath("rempart-no-such-program", directory), undefined);
  await chmod(program, 0o755);
  assert.equal(onPath("rempart-no-such-program", `::${directory}`), program);
  await rm(directory, { recursive: true });
});

test("two free ports asked for in turn can both be listened on", async () => {
  const ports = [await freePort(), await freePort()];
  for (const port of ports) assert.ok(port > 1023 && port < 65_536);
});

const redis = await requireService("redis-server");

/** One PING over a fresh connection; null when no answer comes within `milliseconds`. */
function ping(url: string, milliseconds: number): Promise<string | null> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), milliseconds);
    socket.on("data", (chunk) => resolve(chunk.toString()));
    socket.on("error", () => resolve(null));
    socket.on("close", () => clearTimeout(timer));
    socket.write("PING\r\n");
  }).then((answer) => {
    socket.destroy();
    return answer as string | null;
  });
}

test("Redis answers, freezes, thaws and is gone after stop", { skip: redis.skip }, async () => {
  const server = await startRedis();
  assert.equal(await ping(server.url, 10_000), "+PONG\r\n");
  server.freeze();
  assert.equal(await ping(server.url, 150), null);
  server.thaw();
  assert.equal(await ping(server.url, 10_000), "+PONG\r\n");
  server.freeze();
  await server.stop();
  assert.equal(await ping(server.url, 10_000), null);
});
