import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../ports.ts";
import { createMetricsObserver } from "./metrics.ts";

test("counts and times by method, route and status; unknown methods share a series", () => {
  const counts = new Map<string, number>();
  const seconds: number[] = [];
  let lookups = 0;
  const observer = createMetricsObserver({
    requests: {
      labels({ method, route, status }) {
        lookups += 1;
        const key = `${method} ${route} ${status}`;
        return { inc: () => void counts.set(key, (counts.get(key) ?? 0) + 1) };
      },
    },
    seconds: { labels: () => ({ observe: (value) => void seconds.push(value) }) },
  });
  const settled = (method: string, route: string, status: number) =>
    observer.settled({ method, route, status, durationMs: 250 } as Outcome);
  for (let i = 0; i < 3; i += 1) settled("GET", "/a", 200);
  settled("GET", "/a", 500);
  settled("BREW", "/a", 405);
  settled("STEEP", "/a", 405);
  assert.deepEqual(Object.fromEntries(counts), { "GET /a 200": 3, "GET /a 500": 1, "other /a 405": 2 });
  assert.equal(lookups, 3);
  assert.deepEqual(new Set(seconds), new Set([0.25]));
});
