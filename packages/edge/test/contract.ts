/** One suite for every adapter: the same bytes in, the same verdicts and headers out. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EdgeConfig, Outcome } from "../src/index.ts";
import type { Running, Subject } from "./application.ts";
import { featuresSuite } from "./contract-features.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { type RawAnswer, raw, request } from "./raw.ts";

const FRIEND = "https://friend.example.org";

function send(server: Running, bytes: string, more: readonly string[] = []): Promise<RawAnswer> {
  return raw(server.port, bytes, { more, untilWhole: server.keepsConnections === true });
}

export function suite(subject: Subject): void {
  featuresSuite(subject);
  describe(`the ${subject.name} adapter`, () => {
    const outcomes: Outcome[] = [];
    let server: Running;
    const config: Partial<EdgeConfig> = {
      cors: { origins: [FRIEND], credentials: true },
      rateLimit: { policies: [{ name: "default", limit: 10_000, windowSeconds: 60 }] },
      observers: [{ settled: (outcome) => void outcomes.push(outcome) }],
    };
    before(async () => {
      server = await subject.start(config);
    });
    after(() => server.close());
    const ask = (line: string, headers?: Record<string, string>, body?: string) =>
      send(server, request(line, headers, body));
    const settled = async (requestId: string | null): Promise<Outcome> => {
      for (;;) {
        const outcome = outcomes.find((candidate) => candidate.requestId === requestId);
        if (outcome !== undefined) return outcome;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };

    test("a handler's answer goes out with every header, and cannot weaken one", async () => {
      const answer = await ask("GET /hello");
      assert.equal(answer.status, 200);
      assert.match(answer.body, /hello/);
      assertHardened(answer);
      assert.equal(answer.headers.get("x-frame-options"), "DENY");
      assert.equal(answer.headers.get("x-powered-by"), null);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      assert.notEqual(answer.headers.get("x-request-id"), "forged-by-the-handler");
      assert.equal(answer.headers.get("content-type")?.split(";")[0], "text/plain");
      assert.match(answer.headers.get("vary") ?? "", /Accept/);
      assert.match(answer.headers.get("vary") ?? "", /Origin/);
      assert.match(answer.headers.get("ratelimit") ?? "", /^"default";r=\d+;t=\d+$/);
    });

    test("the handler knows the request as observers and the client do", async () => {
      const answer = await ask("GET /whoami");
      assertHardened(answer);
      assert.match(answer.headers.get("vary") ?? "", /Accept/);
      assert.match(answer.headers.get("vary") ?? "", /Origin/);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      const seen = JSON.parse(answer.body.slice(answer.body.indexOf("{"), answer.body.lastIndexOf("}") + 1));
      assert.equal(seen.requestId, answer.headers.get("x-request-id"));
      assert.equal(seen.address, "127.0.0.1");
      assert.equal(seen.routeClass, "default");
      const outcome = await settled(seen.requestId);
      assert.equal(outcome.status, 200);
      assert.equal(outcome.path, "/whoami");
      assert.equal(outcome.verdict, "pass");
      assert.equal(outcome.aborted, false);
    });

    test("what a handler throws is a problem without its cause; observers get the cause", async () => {
      const answer = await ask("GET /boom");
      assertProblem(answer, 500, "internal-error");
      assert.doesNotMatch(answer.text, /secret cause/);
      const outcome = await settled(answer.headers.get("x-request-id"));
      assert.match(String(outcome.cause), /secret cause/);
      assert.equal(outcome.code, "internal-error");
      assertProblem(await ask("GET /conflict"), 409, "conflict");
    });

    test("a path nobody serves", async () => {
      const answer = await ask("GET /nowhere");
      assert.equal(answer.status, 404);
      assertHardened(answer);
    });

    test("refusals by every policy carry every header", async () => {
      assertProblem(await ask("GET /metrics"), 403, "forbidden");
      assertProblem(await ask("GET /%6detrics/"), 403, "forbidden");
      assertProblem(await ask("GET /hello", { Origin: "https://evil.test" }), 403, "origin-not-allowed");
      assertProblem(await ask("POST /echo", { "Content-Length": "2" }, "{}"), 403, "csrf");
      assertProblem(await ask(`GET /${"a".repeat(300)}`), 414, "target-too-long");
      const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`X-${i}`, "y"]));
      assertProblem(await ask("GET /hello", many), 431, "headers-too-large");
      const large = { "Content-Length": "2000", "Sec-Fetch-Site": "same-origin" };
      assertProblem(await ask("POST /echo", large), 413, "body-too-large");
      const refused = await ask("DELETE /hello", { "Sec-Fetch-Site": "cross-site" });
      assertProblem(refused, 403, "csrf");
      assert.equal((await settled(refused.headers.get("x-request-id"))).verdict, "reject");
    });

    test("an allowed origin may read, and its preflight is answered", async () => {
      const answer = await ask("GET /hello", { Origin: FRIEND });
      assert.equal(answer.headers.get("access-control-allow-origin"), FRIEND);
      assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
      const preflight = await ask("OPTIONS /hello", {
        Origin: FRIEND,
        "Access-Control-Request-Method": "PUT",
      });
      assert.equal(preflight.status, 204);
      assertHardened(preflight);
      assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /PUT/);
    });

    test("a body within its limit arrives, whole or in chunks", async () => {
      const own = { "Sec-Fetch-Site": "same-origin" };
      assert.match((await ask("POST /echo", { ...own, "Content-Length": "5" }, "bytes")).body, /bytes/);
      const chunked = await ask(
        "POST /echo",
        { ...own, "Transfer-Encoding": "chunked" },
        "3\r\nabc\r\n0\r\n\r\n",
      );
      assert.match(chunked.body, /abc/);
    });

    test("a body that passes its limit while it streams is refused, and the handler never sees it cut", async () => {
      const head = request("POST /echo", { "Transfer-Encoding": "chunked", "Sec-Fetch-Site": "same-origin" });
      const chunk = `190\r\n${"x".repeat(400)}\r\n`;
      const answer = await send(server, head, [chunk, chunk, chunk, chunk]);
      assertProblem(answer, 413, "body-too-large");
    });

    test("HEAD is answered without a body, refused or not", async () => {
      const refused = await ask("HEAD /metrics");
      assert.equal(refused.status, 403);
      assert.equal(refused.body, "");
      assertHardened(refused);
    });

    test("rate limits refuse with every field", async () => {
      const limited = await subject.start({
        rateLimit: { policies: [{ name: "default", limit: 1, windowSeconds: 60 }] },
      });
      try {
        await send(limited, request("GET /hello"));
        const refused = await send(limited, request("GET /hello"));
        assertProblem(refused, 429, "rate-limited");
        assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
        assert.ok(Number(refused.headers.get("retry-after")) > 0);
      } finally {
        await limited.close();
      }
    });

    test("a limiter that answers later changes nothing but the time", async () => {
      const policy = { name: "default", limit: 5, windowSeconds: 60 };
      const limiter = {
        check: async () => ({ policy, allowed: true, remaining: 4, resetSeconds: 9 }),
      };
      const later = await subject.start({ rateLimit: { policies: [policy], limiter, budgetMs: 1000 } });
      try {
        const answer = await send(later, request("GET /hello"));
        assert.equal(answer.status, 200);
        assertHardened(answer);
        assert.equal(answer.headers.get("ratelimit"), '"default";r=4;t=9');
      } finally {
        await later.close();
      }
    });
  });
}
