import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { hasCode, manualClock, systemClock } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { until } from "@rempart/testing";
import { Registry } from "prom-client";
import {
  above,
  alert,
  arithmetic,
  type Evaluation,
  gauge,
  gaugeOf,
  type Monitor,
  overTime,
  record,
  registerMetrics,
  series,
  startMonitor,
  type Vector,
  withLabel,
} from "../src/index.ts";

const help = "For a test.";
const load = gauge({ name: "load", help, unit: "count", labels: { host: { limit: 9 } } });
const remote = gauge({ name: "remote", help, unit: "count" });
const scenario = { every: "1m", series: [series(load, {}, 0)], firesAt: "1m", resolvedAt: "2m" } as const;
const common = { severity: "info", summary: "x", runbook: "x", component: "test", scenario } as const;
const high = alert({ name: "High", expression: above(gaugeOf(load), 5), ...common });
const ambiguous = alert({
  name: "Ambiguous",
  expression: arithmetic(gaugeOf(load), "+", gaugeOf(load), { on: [] }),
  ...common,
});
const slow = alert({
  name: "Slow",
  expression: above(overTime("avg", gaugeOf(load), { window: "1h" }), 5),
  ...common,
});

const average = record({
  name: "host:load:avg1m",
  help,
  expression: withLabel(overTime("avg", gaugeOf(load), { window: "1m" }), "over", "1m"),
});
const recorded = alert({
  name: "Recorded",
  expression: above(gaugeOf(average, { over: "1m" }), 5),
  ...common,
});

interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

const lines: Line[] = [];
const log = {
  ...silentLogger,
  info: (fields: object, message = "") => lines.push({ level: "info", fields, message }),
  warn: (fields: object, message = "") => lines.push({ level: "warn", fields, message }),
  error: (fields: object, message = "") => lines.push({ level: "error", fields, message }),
};

/** What the target answers next. */
let page: { readonly status: number; readonly body: string } = { status: 200, body: "remote 7\n" };
let hangs = false;
const target = createServer((_, response) => {
  if (!hangs) response.writeHead(page.status, { location: "/elsewhere" }).end(page.body);
});
const registry = new Registry();
const metrics = registerMetrics(registry, { load });
let monitor: Monitor;

function watching(everyMs: number | null): Monitor {
  const { port } = target.address() as AddressInfo;
  return startMonitor({
    own: { registry, job: "app", instance: "one" },
    targets: [{ url: `http://127.0.0.1:${port}/metrics`, job: "peer", instance: "two" }],
    groups: [{ name: "test", records: [average], rules: [high, ambiguous, slow, recorded] }],
    everyMs,
    clock: systemClock,
    log,
  });
}

before(async () => {
  metrics.load.labels({ host: "a" }).set(9);
  metrics.load.labels({ host: "b" }).set(1);
  await once(target.listen(0, "127.0.0.1"), "listening");
  monitor = watching(null);
  await monitor.tick();
});

after(async () => {
  await monitor[Symbol.asyncDispose]();
  target.closeAllConnections();
  target.close();
});

const next = async (): Promise<Evaluation> => {
  await monitor.tick();
  return monitor.latest() as Evaluation;
};

test("rules are evaluated over what the process and its targets tell, and one that fails harms no other", async () => {
  const { results, failed, targets } = await next();
  const [found] = results;
  assert.equal(found?.rule, "High");
  assert.deepEqual(found?.elements, [
    { labels: { __name__: "load", host: "a", job: "app", instance: "one" }, value: 9 },
  ]);
  assert.deepEqual(
    failed.map(({ rule }) => rule),
    ["Ambiguous"],
  );
  assert.deepEqual(targets, [{ job: "peer", instance: "two", up: true, reason: null }]);
  assert.deepEqual(monitor.latest()?.results[0], found);
  assert.ok(
    lines.some(({ level, fields }) => level === "warn" && JSON.stringify(fields).includes("Ambiguous")),
  );
});

test("a rule reads what was recorded before it", async () => {
  const { results } = await next();
  assert.deepEqual(results.at(-1), {
    rule: "Recorded",
    elements: [
      {
        labels: { __name__: "host:load:avg1m", host: "a", job: "app", instance: "one", over: "1m" },
        value: 9,
      },
    ],
    settled: false,
  });
});

test("what looks back further than the history is not settled, also by what was recorded", async () => {
  const { results } = await next();
  assert.deepEqual(
    results.map(({ rule, settled }) => [rule, settled]),
    [
      ["High", true],
      ["Slow", false],
      ["Recorded", false],
    ],
  );
});

test("a question is answered at a time, over a range, and with its parts", async () => {
  const { at } = await next();
  const [element] = await monitor.query(gaugeOf(remote));
  assert.deepEqual(element, {
    labels: { __name__: "remote", job: "peer", instance: "two" },
    value: 7,
  });
  const ranged = await monitor.range(gaugeOf(load, { host: "a" }), { from: at - 2, to: at, stepMs: 1 });
  assert.deepEqual(
    ranged.map(({ samples }) => samples.map(({ value }) => value)),
    [[9, 9, 9]],
  );
  const explained = await monitor.explain(slow, at);
  assert.deepEqual(explained.elements.length, 1);
  const [average] = explained.parts;
  assert.match(average?.promql ?? "", /^avg_over_time/);
  assert.equal(average?.samples.length, 2);
  assert.equal(average?.samples[0]?.samples.at(-1)?.value, 9);
  const [why] = (await monitor.explain(ambiguous)).parts;
  assert.equal(why?.error, null);
});

test("errors of questions come back as what they are", async () => {
  await assert.rejects(monitor.query(ambiguous.expression), (error) => hasCode(error, "ambiguous-match"));
  const range = { from: 0, to: Date.now(), stepMs: 1_000 };
  await assert.rejects(monitor.range(gaugeOf(load), range), (error) => hasCode(error, "query-too-large"));
});

test("a target that answers nonsense, an error or too much is down, and well again after", async () => {
  for (const [status, body, reason] of [
    [200, "remote 7", /line break/],
    [500, "", /answered 500/],
    [200, "#".repeat((8 << 20) + 1), /larger than/],
  ] as const) {
    page = { status, body };
    assert.match((await next()).targets[0]?.reason ?? "", reason);
  }
  page = { status: 200, body: "remote 7\n" };
  assert.equal((await next()).targets[0]?.up, true);
  assert.ok(lines.some(({ level, message }) => level === "info" && /peer two is well again/.test(message)));
});

test("a target that hangs or leads elsewhere is down, and holds nothing up", async () => {
  page = { status: 302, body: "remote 8\n" };
  assert.equal((await next()).targets[0]?.up, false);
  page = { status: 200, body: "remote 7\n" };
  hangs = true;
  // Who is looked at so often has as long to answer.
  await using hurried = watching(200);
  await until(() => /time/.test(hurried.latest()?.targets[0]?.reason ?? ""));
  assert.equal(hurried.latest()?.results.length, 3);
  hangs = false;
  await until(() => hurried.latest()?.targets[0]?.up === true);
});

test("a rule that cannot cross to the thread is refused, and harms nothing", async () => {
  let expression: Vector = gaugeOf(load);
  for (let depth = 0; depth < 20_000; depth++) expression = above(expression, 0);
  await assert.rejects(monitor.query(expression), RangeError);
  assert.equal((await next()).failed.length, 1);
});

test("an address that is none is refused at the start", () => {
  const options = { own: null, groups: [], clock: systemClock, log };
  for (const url of ["none", "peer:metrics", "file:///etc/passwd"]) {
    assert.throws(() => startMonitor({ ...options, targets: [{ url, job: "x" }] }), TypeError, url);
  }
});

test("who takes long gets the newest evaluation next, and not the old ones", async () => {
  const taken: number[] = [];
  const { promise: busy, resolve: free } = Promise.withResolvers<void>();
  await using slowly = startMonitor({
    own: null,
    groups: [],
    everyMs: 10,
    clock: systemClock,
    log,
    onEvaluation: ({ at }) => {
      taken.push(at);
      return taken.length === 1 ? busy : Promise.reject(new Error("no database"));
    },
  });
  await until(() => (slowly.latest()?.at ?? 0) > (taken[0] ?? Number.POSITIVE_INFINITY) + 50);
  assert.equal(taken.length, 1);
  free();
  await until(() => taken.length > 2);
  assert.ok((taken[1] as number) >= (taken[0] as number) + 50);
  assert.ok(lines.some(({ message }) => message === "an evaluation could not be acted on"));
});

test("whoever made the monitor may say when it looks", async () => {
  const driven = new Registry();
  registerMetrics(driven, { load }).load.labels({ host: "a" }).set(9);
  const own = { registry: driven, job: "driven", instance: "b" };
  await using monitor = startMonitor({
    own,
    groups: [{ name: "g", rules: [high] }],
    everyMs: null,
    clock: systemClock,
    log,
  });
  assert.equal(monitor.latest(), null);
  await monitor.tick();
  assert.equal(monitor.latest()?.results[0]?.elements.length, 1);
});

test("a look that is nearly at a whole multiple of its distance is at it", async () => {
  const clock = manualClock(1_790_000_010_015);
  await using monitor = startMonitor({ own: null, groups: [], everyMs: 15_000, clock, log });
  await until(() => monitor.latest() !== null);
  assert.equal(monitor.latest()?.at, 1_790_000_010_000);
});
