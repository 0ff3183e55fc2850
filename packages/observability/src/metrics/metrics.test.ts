import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { Registry } from "prom-client";
import { parseExposition } from "../history/exposition.ts";
import { registryPage } from "../history/registry.ts";
import { counter, gauge, histogram } from "./declare.ts";
import { registerLabelledReader, registerMetrics, registerReader } from "./register.ts";

const help = "For a test.";
const methods = { values: ["GET", "POST"] };

const requests = counter({
  name: "http_requests_total",
  help,
  unit: "count",
  labels: { method: methods, route: { limit: 3 } },
  maxSeries: 6,
});

test("what is declared counts under its name and labels", async () => {
  const registry = new Registry();
  const metrics = registerMetrics(registry, {
    requests,
    open: gauge({ name: "connections", help, unit: "count" }),
    seconds: histogram({ name: "wait_seconds", help, unit: "seconds", buckets: [0.1, 1] }),
  });
  metrics.requests.labels({ method: "GET", route: "/a" }).inc();
  metrics.requests.labels({ method: "GET", route: "/a" }).inc(2);
  metrics.open.set(5);
  metrics.open.dec();
  metrics.seconds.observe(0.5);
  const page = await registry.metrics();
  assert.match(page, /^http_requests_total\{method="GET",route="\/a"\} 3$/m);
  assert.match(page, /^connections 4$/m);
  assert.match(page, /^wait_seconds_bucket\{le="1"\} 1$/m);
  assert.match(page, /^wait_seconds_bucket\{le="0.1"\} 0$/m);
});

test("a child is there with zero before its first event", async () => {
  const registry = new Registry();
  const metrics = registerMetrics(registry, { requests });
  metrics.requests.labels({ method: "POST", route: "/b" });
  assert.match(await registry.metrics(), /http_requests_total\{method="POST",route="\/b"\} 0/);
});

test("whatever the labels are, there are never more series than declared, and no count is lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.string({ unit: codePoint }), fc.string())), async (seen) => {
      const registry = new Registry();
      const metrics = registerMetrics(registry, { requests });
      for (const [method, route] of seen) metrics.requests.labels({ method, route }).inc();
      const [metric] = await registry.getMetricsAsJSON();
      const values = metric?.values ?? [];
      assert.ok(values.length <= 6);
      assert.equal(
        values.reduce((sum, { value }) => sum + value, 0),
        seen.length,
      );
      for (const { labels } of values) assert.match(String(labels.method), /^(GET|POST|other)$/);
    }),
    { numRuns: 60 },
  );
});

test("a label of megabytes, with line breaks or half a character becomes `other`", async () => {
  const registry = new Registry();
  const metrics = registerMetrics(registry, { requests });
  for (const route of ["x".repeat(1 << 20), 'a"} 1\nforged_total 1', "\ud800", "a\0b"]) {
    metrics.requests.labels({ method: "GET", route }).inc();
  }
  assert.match(await registry.metrics(), /\{method="GET",route="other"\} 4/);
});

test("a value that is no number does not spoil a histogram", async () => {
  const registry = new Registry();
  const seconds = histogram({ name: "wait_seconds", help, unit: "seconds", buckets: [1] });
  const metrics = registerMetrics(registry, { seconds });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0.25]) metrics.seconds.observe(value);
  assert.match(await registry.metrics(), /wait_seconds_sum 0\.25/);
});

test("an observation within a trace is the exemplar of its bucket, and the page with it is read as the plain one", async () => {
  const registry = new Registry();
  const seconds = histogram({
    name: "wait_seconds",
    help: 'A "quoted" \\ help.',
    unit: "seconds",
    labels: { method: methods },
    buckets: [0.1, 1],
  });
  let trace: string | undefined = "4bf92f3577b34da6a3ce929d0e0e4736";
  const metrics = registerMetrics(registry, { seconds, requests }, { traceId: () => trace });
  const child = metrics.seconds.labels({ method: "GET" });
  child.observe(0.5);
  trace = undefined;
  child.observe(0.05);
  child.observe(Number.NaN);
  metrics.requests.labels({ method: "GET", route: "/a" }).inc();
  const page = await registryPage(registry, "openmetrics");
  assert.match(
    page,
    /^wait_seconds_bucket\{le="1",method="GET"\} 2 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0\.5 \d{10}\.\d{3}$/m,
  );
  assert.match(page, /^wait_seconds_bucket\{le="0\.1",method="GET"\} 1$/m);
  assert.match(page, /^# TYPE http_requests counter$/m);
  assert.match(page, /^# HELP wait_seconds A \\"quoted\\" \\\\ help\.$/m);
  assert.ok(page.endsWith("\n# EOF\n"));
  assert.deepEqual(parseExposition(page), parseExposition(await registryPage(registry)));
});

test("a reader that has nothing to tell, or fails, leaves no sample and harms no other", async () => {
  const registry = new Registry();
  const readings = [() => 7, () => null, () => Promise.reject(new Error("away"))];
  readings.forEach((read, index) => {
    registerReader(registry, gauge({ name: `reading_${index}`, help, unit: "count" }), read);
  });
  const samples = (await registry.metrics()).split("\n").filter((line) => /^reading/.test(line));
  assert.deepEqual(samples, ["reading_0 7"]);
});

test("a labelled reader tells of what there is at each scrape, within its bounds, and of nothing when it fails", async () => {
  const registry = new Registry();
  const rooms = gauge({ name: "room_guests", help, unit: "count", labels: { room: { limit: 2 } } });
  const scrapes = [
    ["a", "b", "c"].map((room) => ({ labels: { room }, value: 1 })),
    [{ labels: { room: "b" }, value: 5 }],
  ];
  registerLabelledReader(registry, rooms, async () => scrapes.shift() ?? Promise.reject(new Error("away")));
  const read = async () => (await registry.metrics()).split("\n").filter((line) => /^room/.test(line));
  assert.deepEqual(await read(), [
    'room_guests{room="a"} 1',
    'room_guests{room="b"} 1',
    'room_guests{room="other"} 1',
  ]);
  assert.deepEqual(await read(), ['room_guests{room="b"} 5']);
  assert.deepEqual(await read(), []);
});

test("a declaration that would mislead is refused", () => {
  const unit = "count";
  assert.throws(() => counter({ name: "requests", help, unit }), TypeError);
  assert.throws(() => gauge({ name: "a b", help, unit }), TypeError);
  assert.throws(() => gauge({ name: "wait_ms", help, unit: "seconds" }), TypeError);
  assert.throws(() => gauge({ name: "a", help, unit, labels: { __name__: { limit: 1 } } }), TypeError);
  assert.throws(() => gauge({ name: "a", help, unit, labels: { b: { values: [] } } }), TypeError);
  assert.throws(() => gauge({ name: "a", help, unit, maxSeries: 0 }), TypeError);
  const buckets = (list: number[]) => () => histogram({ name: "a", help, unit, buckets: list });
  for (const list of [[], [2, 1], [1, 1], [Number.NaN], [1, Number.POSITIVE_INFINITY]]) {
    assert.throws(buckets(list), TypeError);
  }
  assert.throws(
    () => histogram({ name: "a", help, unit, buckets: [1], labels: { le: { limit: 2 } } }),
    TypeError,
  );
  const registry = new Registry();
  registerMetrics(registry, { requests });
  assert.throws(() => registerMetrics(registry, { requests }), TypeError);
});
