/** What `proxy.ts` hands on and answers, without Next.js around it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@rempart/kernel";
import { z } from "zod";
import { nextProxy } from "../src/adapters/next.ts";
import { createEdge, createMemoryIdempotencyStore, type EdgeConfig } from "../src/index.ts";

function proxyWith(config: Partial<EdgeConfig>) {
  const handedOn: Headers[] = [];
  const edge = createEdge({ preset: "strict", proxies: { hops: 1 }, csrf: false, ...config });
  const next = ({ request }: { request: { headers: Headers } }): Response => {
    handedOn.push(request.headers);
    return new Response(null, { headers: { "Set-Cookie": "theirs=1", Vary: "RSC" } });
  };
  const proxy = nextProxy(edge, { next });
  const ask = (path: string, init?: RequestInit) => proxy(new Request(`http://app.example.com${path}`, init));
  return { ask, handedOn };
}

test("a page learns its variants from the edge alone, and the browser keeps its bucket beside other cookies", async () => {
  const { ask, handedOn } = proxyWith({
    experiments: { experiments: [{ name: "hero", variants: { big: 1 } }] },
    versions: { versions: [{ version: "1", deprecatedAt: 0 }], place: { header: "V" }, fallback: "1" },
  });
  const response = await ask("/", { headers: { "X-Variants": '{"hero":"forged"}' } });
  assert.equal(handedOn[0]?.get("x-variants"), '{"hero":"big"}');
  const cookies = response.headers.getSetCookie();
  assert.equal(cookies.length, 2);
  assert.ok(cookies.includes("theirs=1"));
  for (const name of ["RSC", "Cookie", "V"])
    assert.ok(response.headers.get("vary")?.split(", ").includes(name));
  assert.equal(response.headers.get("deprecation"), "@0");
});

test("a request whose body must be judged is refused, not handed on unjudged", async () => {
  const { ask, handedOn } = proxyWith({
    idempotency: { store: createMemoryIdempotencyStore({ clock: systemClock }), caller: () => null },
    routes: [{ name: "form", path: "/form", validate: { body: z.object({}) } }],
  });
  const keyed = { method: "POST", headers: { "Idempotency-Key": "k" } };
  for (const response of [await ask("/form", { method: "POST" }), await ask("/", keyed)]) {
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
  assert.equal(handedOn.length, 0);
  assert.equal((await ask("/")).status, 200);
});
