import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { startNginx } from "./nginx.ts";
import { freePort } from "./ports.ts";
import { requireService } from "./services.ts";

const { skip } = await requireService("nginx");

test("nginx serves what it is told, and is gone after stop with its directory", { skip }, async () => {
  const port = await freePort();
  const server = await startNginx({
    http: "include site.conf;",
    files: {
      "site.conf": `server { listen 127.0.0.1:${port}; location / { root pages; } }`,
      "pages/a": "page",
    },
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/a`)).text(), "page");
  await server.stop();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/a`));
  assert.equal(existsSync(server.directory), false);
});

test("a configuration that nginx refuses is refused with its words", { skip }, async () => {
  await assert.rejects(
    startNginx({ http: "no_such_directive on;" }),
    /unknown directive "no_such_directive"/,
  );
});
