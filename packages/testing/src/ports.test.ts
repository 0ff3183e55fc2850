import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "./ports.ts";

test("a free port can be listened on, and is none that a system gives to whoever asks for any", async () => {
  for (let i = 0; i < 20; i += 1) {
    const port = await freePort();
    assert.ok(port < 32_768, String(port));
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
  }
});
