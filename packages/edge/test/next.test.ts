/** A real Next.js 16 application, built once: the contract in a route handler, and pages behind `proxy.ts`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nextRoute } from "../src/adapters/next.ts";
import { answerFetch, type Running, type Subject } from "./application.ts";
import { suite } from "./contract.ts";
import { contractEdge } from "./features.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { raw, request } from "./raw.ts";
import { listen } from "./subjects.ts";

process.env.NEXT_TELEMETRY_DISABLED = "1";
Object.assign(process.env, { NODE_ENV: "production" });
const resolve = createRequire(import.meta.url);
const directory = fileURLToPath(new URL("next", import.meta.url));

interface NextServer {
  prepare(): Promise<void>;
  getRequestHandler(): Parameters<typeof createServer>[1];
  close(): Promise<void>;
}

let app: NextServer;

before(async () => {
  await promisify(execFile)(process.execPath, [resolve.resolve("next/dist/bin/next"), "build"], {
    cwd: directory,
    env: process.env,
  });
  const next = resolve("next") as (options: object) => NextServer;
  app = next({ dir: directory, dev: false, hostname: "127.0.0.1", port: 0 });
  await app.prepare();
});
after(() => app.close());

const nextSubject: Subject = {
  name: "next",
  async start(config) {
    // Next.js tells the address it saw in X-Forwarded-For, when no proxy did.
    const edge = contractEdge({ proxies: { hops: 1 }, ...config });
    const contractHandler = nextRoute(edge, (asked, _segment, context) => answerFetch(asked, context));
    Object.assign(globalThis, { contractHandler });
    return listen(createServer(app.getRequestHandler()));
  },
};

suite(nextSubject);

describe("a page behind proxy.ts", () => {
  let server: Running;
  before(async () => {
    server = await listen(createServer(app.getRequestHandler()));
  });
  after(() => server.close());

  test("every script carries the nonce of the answer's policy, and the next answer has another", async () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 2; i += 1) {
      const answer = await raw(server.port, request("GET /"));
      assert.equal(answer.status, 200);
      assertHardened(answer);
      const policy = answer.headers.get("content-security-policy") ?? "";
      const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] as string;
      const scripts = answer.body.match(/<script\b[^>]*>/g) ?? [];
      assert.ok(scripts.length >= 2, answer.body);
      for (const script of scripts) assert.ok(script.includes(`nonce="${nonce}"`), script);
      nonces.add(nonce);
    }
    assert.equal(nonces.size, 2);
  });

  test("what the page is told of the request is the edge's word, whatever the client says", async () => {
    const forged = {
      "Content-Security-Policy": "script-src 'nonce-forged'",
      "Content-Security-Policy-Report-Only": "script-src 'nonce-forged'",
      "X-Nonce": "forged",
      "X-Request-Id": "forged",
      "X-Client-Address": "203.0.113.1",
    };
    const answer = await raw(server.port, request("GET /", forged));
    assert.equal(answer.status, 200);
    assert.doesNotMatch(answer.body, /forged|203\.0\.113\.1/);
    assert.match(answer.body, new RegExp(`<p id="request">${answer.headers.get("x-request-id")}</p>`));
    assert.match(answer.body, /<p id="address">127\.0\.0\.1<\/p>/);
  });

  test("proxy.ts is the README's", () => {
    const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
    assert.ok(read("../README.md").includes(`\`\`\`ts\n${read("next/proxy.ts")}\`\`\``));
  });

  test("a refusal is the edge's answer", async () => {
    const foreign = await raw(server.port, request("GET /", { Origin: "https://evil.test" }));
    assertProblem(foreign, 403, "origin-not-allowed");
  });
});
