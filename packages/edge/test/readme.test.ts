/** The README's examples run as they stand, but for the port. */
import "reflect-metadata";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import { test } from "node:test";
import { type INestApplication, Module } from "@nestjs/common";
import type { Edge } from "../src/edge.ts";
import { facts } from "./facts.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { type RawAnswer, raw, request } from "./raw.ts";
import { listen } from "./subjects.ts";
import { runWorker } from "./workers/subject.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** The example that has this in it. */
function example(part: string): string {
  const found = examples.find((code) => code.includes(part));
  assert.ok(found, `no example has ${part}`);
  return found;
}

/** Runs an example, all but its call to listen, and hands over what it made under this name. */
async function run<T>(code: string, result: string): Promise<T> {
  const source = stripTypeScriptTypes(code)
    .replace(/^(?:await )?\w+\.listen\(3000\);$/m, "")
    .replaceAll(/from "([^"]+)"/g, (_, name: string) => `from "${import.meta.resolve(name)}"`);
  const exported = source.includes(`export const ${result} `) ? "" : `\nexport { ${result} };`;
  const module = await import(`data:text/javascript,${encodeURIComponent(source + exported)}`);
  return module[result];
}

test("on node:http", async () => {
  const server = await run<Server>(example("createEdgeServer"), "server");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const answer = await raw(port, request("GET /", { Host: "localhost:3000" }));
  server.close();
  server.closeAllConnections();
  assert.equal(answer.status, 200);
  assert.match(answer.body, /^request [0-9a-f-]{36} from 127\.0\.0\.1$/m);
  assertHardened(answer);
});

test("requests judged whole", async () => {
  const { port, close } = await listen(await run<Server>(example("validated(context"), "server"));
  const known = { Authorization: "Bearer known", "Content-Type": "application/json", "Idempotency-Key": "1" };
  const post = (headers: Record<string, string>, body = '{"item":"tea"}') =>
    raw(port, request("POST /v2/acme/orders", { ...headers, "Content-Length": String(body.length) }, body));
  const answer = await post(known);
  const { variants, ...seen } = JSON.parse(answer.body);
  assert.deepEqual(seen, { params: { shop: "acme" }, body: { item: "tea" }, version: "2", user: "ann" });
  assert.ok(["old", "new"].includes(variants.checkout));
  assert.equal((await post(known)).headers.get("idempotent-replayed"), "true");
  assertProblem(await post({ ...known, Authorization: "Bearer other" }), 401, "unauthenticated");
  assertProblem(await post(known, "{}"), 422, "validation-failed");
  await close();
});

test("with Hono", async () => {
  const app = await run<{ request(path: string): Promise<Response> }>(example("honoEdge"), "app");
  const response = await app.request("/");
  assert.equal(response.status, 200);
  assert.equal(await response.text(), response.headers.get("x-request-id"));
});

test("rate limits in Redis, which is not there: this process counts by itself", async () => {
  const code = examples.find((example) => example.includes("redisStore")) as string;
  const edge = await run<Edge>(code, "edge");
  const send = async (target: string) => {
    const exchange = await edge.admit(facts({ target }));
    edge.settle(exchange, 200, false);
    return exchange;
  };
  for (let i = 0; i < 10; i += 1) assert.equal((await send("/auth/sign-in")).code, null);
  assert.equal((await send("/auth/sign-in")).code, "rate-limited");
  const known = await edge.admit(facts({ headers: { "x-api-key": "known" } }));
  assert.equal(known.decision?.policy.name, "default-pro");
});

async function askOnce(server: Server): Promise<RawAnswer> {
  const { port, close } = await listen(server);
  const answer = await raw(port, request("GET /"));
  await close();
  assertHardened(answer);
  return answer;
}

test("with Express", async () => {
  const app = await run<RequestListener>(example("expressProblems"), "app");
  const answer = await askOnce(createServer(app));
  assert.equal(answer.status, 200);
  assert.equal(answer.body, answer.headers.get("x-request-id"));
});

test("with NestJS", async () => {
  class AppModule {}
  Module({})(AppModule);
  Object.assign(globalThis, { AppModule });
  const app = await run<INestApplication>(example("nestProblems"), "app");
  await app.init();
  const answer = await askOnce(app.getHttpServer());
  assertProblem(answer, 404, "not-found");
});

test("in a route handler of Next.js", async () => {
  const GET = await run<(request: Request) => Promise<Response>>(example("nextRoute(edge"), "GET");
  const headers = { "X-Forwarded-For": "203.0.113.9" };
  const response = await GET(new Request("http://localhost/api", { headers }));
  const requestId = response.headers.get("x-request-id");
  assert.deepEqual(await response.json(), { requestId, client: "203.0.113.9" });
});

test("on Workers", async () => {
  const worker = await runWorker(example("workersHandler"));
  const response = await fetch(`http://127.0.0.1:${worker.port}/`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), response.headers.get("x-request-id"));
  assert.equal(response.headers.get("x-ratelimit-remaining"), "99");
  await worker.close();
});
