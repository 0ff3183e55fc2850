/** The README's examples run as they stand, but for the port. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { test } from "node:test";
import { assertHardened } from "./hardened.ts";
import { raw, request } from "./raw.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** Runs an example with its last statement replaced, so that it hands over what it made instead of listening. */
async function run<T>(code: string, result: string): Promise<T> {
  const url = (path: string) => new URL(path, import.meta.url).href;
  const source = code
    .replace('"@rempart/edge/node"', `"${url("../src/adapters/node.ts")}"`)
    .replace('"@rempart/edge/hono"', `"${url("../src/adapters/hono.ts")}"`)
    .replace('"@rempart/edge"', `"${url("../src/index.ts")}"`)
    .replace('"hono"', `"${import.meta.resolve("hono")}"`)
    .replace("type EdgeVariables, ", "")
    .replace("<{ Variables: EdgeVariables }>", "")
    .replace("server.listen(3000);", "");
  const module = await import(
    `data:text/javascript,${encodeURIComponent(`${source}\nexport { ${result} as made };`)}`
  );
  return module.made;
}

test("on node:http", async () => {
  const server = await run<Server>(examples[0] as string, "server");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const answer = await raw(port, request("GET /", { Host: "localhost:3000" }));
  server.close();
  server.closeAllConnections();
  assert.equal(answer.status, 200);
  assert.match(answer.body, /^request [0-9a-f-]{36} from 127\.0\.0\.1$/m);
  assertHardened(answer);
});

test("with Hono", async () => {
  const app = await run<{ request(path: string): Promise<Response> }>(examples[1] as string, "app");
  const response = await app.request("/");
  assert.equal(response.status, 200);
  assert.equal(await response.text(), response.headers.get("x-request-id"));
});
