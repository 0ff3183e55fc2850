/** The Hono adapter where there is no Node beneath: facts from a Fetch request, headers on a Fetch response. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hono } from "hono";
import { type EdgeVariables, honoEdge, problemResponse } from "../src/adapters/hono.ts";
import { createEdge, EDGE_PROBLEMS, type EdgeConfig, type Outcome } from "../src/index.ts";

function appWith(config: Partial<EdgeConfig> = {}) {
  const outcomes: Outcome[] = [];
  const edge = createEdge({
    preset: "api",
    observers: [{ settled: (outcome) => void outcomes.push(outcome) }],
    ...config,
  });
  const app = new Hono<{ Variables: EdgeVariables }>();
  app.use(honoEdge(edge, { peer: () => "203.0.113.5" }));
  app.get("/hello", (c) =>
    c.text(c.get("edge").client.text, 200, { "X-Frame-Options": "ALLOWALL", Vary: "Accept" }),
  );
  app.get("/fetched", () => immutable());
  app.post("/echo", async (c) => c.text(await c.req.text()));
  app.get("/missing", (c) => problemResponse(edge, c, EDGE_PROBLEMS.notFound));
  app.get("/boom", () => {
    throw new Error("secret cause");
  });
  app.onError((_error, c) => c.text("left to the edge", 500));
  return { app, outcomes };
}

/** A response whose headers refuse changes, as those of `fetch` do. */
function immutable(): Response {
  return Response.redirect("https://app.example.com/elsewhere");
}

describe("on Fetch alone", () => {
  test("headers are written on whatever response comes, and owned ones replaced", async () => {
    const { app, outcomes } = appWith();
    for (const path of ["/hello", "/fetched", "/missing", "/nowhere", "/boom"]) {
      const response = await app.request(path);
      assert.equal(response.headers.get("x-frame-options"), "DENY", path);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
      assert.match(response.headers.get("ratelimit") ?? "", /^"default";r=\d+;t=\d+$/, path);
    }
    assert.equal((await app.request("/hello")).headers.get("vary"), "Accept");
    assert.equal(outcomes.length, 6);
    assert.equal(outcomes[0]?.address, "203.0.113.5");
    assert.match(String(outcomes[4]?.cause), /secret cause/);
  });

  test("a failure is a problem without its cause", async () => {
    const response = await appWith().app.request("/boom");
    const body = await response.text();
    assert.equal(response.status, 500);
    assert.equal(JSON.parse(body).code, "internal-error");
    assert.doesNotMatch(body, /secret/);
  });

  test("refusals: origin, CSRF, limits, target", async () => {
    const { app } = appWith({ rateLimit: { policies: [{ name: "default", limit: 2, windowSeconds: 60 }] } });
    const foreign = await app.request("/hello", { headers: { Origin: "https://evil.test" } });
    assert.equal(foreign.status, 403);
    assert.equal(
      ((await foreign.json()) as { error: { message: string } }).error.message,
      "Origin not allowed",
    );
    assert.equal((await app.request("/hello", { method: "POST" })).status, 403);
    assert.equal((await app.request("/hello")).status, 200);
    assert.equal((await app.request("/hello")).status, 429);
    assert.equal((await app.request(`/${"a".repeat(9000)}`)).status, 414);
  });

  test("a body without a length is read before the handler runs, within its limit", async () => {
    const { app, outcomes } = appWith({ limits: { bodyBytes: 10 } });
    const post = (...chunks: readonly string[]) =>
      app.request("/echo", {
        method: "POST",
        headers: { "Sec-Fetch-Site": "same-origin" },
        body: ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk))),
        duplex: "half",
      } as RequestInit);
    assert.equal(await (await post("tea", "pot")).text(), "teapot");
    const refused = await post("far too", " much tea");
    assert.equal(refused.status, 413);
    assert.equal(refused.headers.get("x-content-type-options"), "nosniff");
    assert.equal(outcomes.at(-1)?.code, "body-too-large");
  });

  test("an answer of ours that a handler passes on says once what the edge adds", async () => {
    const experiments = { experiments: [{ name: "a", variants: { x: 1 } }] };
    const versions = {
      versions: [{ version: "1", deprecatedAt: 0, documentation: "/v2" }],
      place: { header: "V" },
      fallback: "1",
    } as const;
    const { app } = appWith({ experiments, versions });
    for (const path of ["/missing", "/boom", "/hello"]) {
      const { headers } = await app.request(path);
      assert.equal(headers.getSetCookie().length, 1, path);
      assert.equal(headers.get("link"), '</v2>; rel="deprecation"', path);
      assert.equal(headers.get("cache-control")?.match(/private/g)?.length, 1, path);
      for (const name of ["V", "Cookie"])
        assert.equal(
          headers
            .get("vary")
            ?.split(", ")
            .filter((listed) => listed === name).length,
          1,
          path,
        );
    }
  });

  test("an error handler's better answer stands", async () => {
    const edge = createEdge({ preset: "api" });
    const app = new Hono();
    app.use(honoEdge(edge));
    app.get("/", () => {
      throw new Error("no tea");
    });
    app.onError((_error, c) => c.text("short and stout", 418));
    const response = await app.request("/");
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  });
});
