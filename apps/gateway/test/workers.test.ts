/** What holds on Workers alone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { GatewayConfig } from "../src/index.ts";
import { readWorkerSettings } from "../src/workers/settings.ts";
import { readWrangler, startWorker } from "./platforms.ts";
import { startUpstream } from "./support.ts";

const limited = (url: string): GatewayConfig => ({
  edge: { preset: "api", rateLimit: { policies: [{ name: "default", limit: 3, windowSeconds: 60 }] } },
  upstreams: { service: { targets: [url] } },
  routes: [
    { name: "admin", path: "/admin/*", deny: true },
    { name: "everything", path: "/*", upstream: "service" },
  ],
});

test("bans are kept in KV, and read before the first request", async () => {
  await using upstream = await startUpstream((_request, response) => void response.end("served"));
  await using worker = await startWorker(limited(upstream.url));
  const bans = { networks: [{ network: "127.0.0.0/8", reason: "test", until: null }], users: [] };
  await worker.put("BANS_KV", "bans", JSON.stringify(bans));
  const refused = await fetch(`http://127.0.0.1:${worker.port}/`);
  assert.equal(refused.status, 403);
  assert.equal(((await refused.json()) as { code: string }).code, "banned");
});

test("bans that cannot be read ban nobody", async () => {
  await using upstream = await startUpstream((_request, response) => void response.end("served"));
  await using worker = await startWorker(limited(upstream.url));
  await worker.put("BANS_KV", "bans", '{"networks":[{"network":"everyone"}]}');
  assert.equal((await fetch(`http://127.0.0.1:${worker.port}/`)).status, 200);
});

test("rate limits are told to KV", async () => {
  await using upstream = await startUpstream((_request, response) => void response.end("served"));
  await using worker = await startWorker(limited(upstream.url));
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await fetch(`http://127.0.0.1:${worker.port}/`)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  while ((await worker.keys("RATE_LIMIT_KV")).length === 0)
    await new Promise((resolve) => setImmediate(resolve));
});

test("the platform resolves dot segments, before the edge decides and before the upstream reads", async () => {
  await using upstream = await startUpstream(({ url }, response) => void response.end(url));
  await using worker = await startWorker(limited(upstream.url));
  const ask = async (path: string): Promise<readonly [status: number | undefined, body: string]> => {
    // As it is: `fetch` would resolve the path by itself.
    const sent = request({ host: "127.0.0.1", port: worker.port, path }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return [response.statusCode, await text(response)];
  };
  assert.equal((await ask("/x/../admin/users"))[0], 403);
  assert.deepEqual(await ask("/x/%2e%2e/y"), [200, "/y"]);
});

test("the configuration that is shipped is accepted, and names one service", () => {
  const { upstreams, routes } = readWorkerSettings(readWrangler().vars.GATEWAY_CONFIG);
  assert.deepEqual(Object.keys(upstreams), ["service"]);
  assert.deepEqual(
    routes.map(({ name }) => name),
    ["metrics", "everything"],
  );
});

test("an authority of one's own is refused, since a Worker would trust others", () => {
  const config = limited("https://service.test");
  const upstreams = { service: { ...config.upstreams.service, ca: "ca.pem" } };
  assert.throws(() => readWorkerSettings({ ...config, upstreams }), {
    code: "invalid-configuration",
    message: /^upstreams\.service\.ca: /,
  });
});
