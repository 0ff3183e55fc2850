import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ChunkWriter, readChunk, type SampleValue, STALE } from "./chunk.ts";
import { Feed } from "./feed.ts";
import { History } from "./history.ts";
import { readRegistry, registryPage, registrySlices } from "./registry.ts";
import { Series } from "./series.ts";
import { aligned, timeline } from "./timeline.ts";

const STEP = 15_000;
const DAY = 86_400_000;

const values = fc.oneof(
  fc.double(),
  fc.integer({ min: 0, max: 1_000 }),
  fc.constantFrom(STALE, 0, -0, Number.NaN, Number.POSITIVE_INFINITY),
) as fc.Arbitrary<SampleValue>;
const gaps = fc.oneof(
  fc.constant(STEP),
  fc.integer({ min: 1, max: 1 << 22 }),
  fc.integer({ min: 1, max: 2 ** 40 }),
);

test("whatever goes into a chunk comes out, bit by bit", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(gaps, values), { maxLength: 200 }), (steps) => {
      const writer = new ChunkWriter();
      let at = 1_790_000_000_000;
      const written = steps.map(([gap, value]): [number, SampleValue] => {
        at += gap;
        return [at, value];
      });
      for (const [when, value] of written) writer.append(when, value);
      const read: [number, SampleValue][] = [];
      readChunk(writer.bytes, writer.count, (when, value) => read.push([when, value]) > 0);
      assert.deepEqual(read, written);
    }),
  );
});

test("a series answers as a plain list of its samples would", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), values), { maxLength: 1_500 }),
      fc.nat(40_000_000),
      fc.nat(400_000),
      (steps, to, width) => {
        const series = new Series("a", {});
        let at = 0;
        const plain = steps.map(([gap, value]): { at: number; value: SampleValue } => {
          at += gap;
          return { at, value };
        });
        for (const sample of plain) assert.ok(series.append(sample.at, sample.value, DAY));
        const inside = plain.filter((sample) => sample.at >= to - width && sample.at <= to);
        const last: SampleValue = inside.at(-1)?.value ?? STALE;
        assert.deepEqual(
          series.between(to - width, to),
          inside.filter(({ value }) => value !== STALE),
        );
        assert.equal(series.latest(to - width, to), last === STALE ? null : last);
      },
    ),
    { numRuns: 60 },
  );
});

test("a window holds what a plain list of the samples would, whatever was asked before", () => {
  const asked = fc.tuple(fc.nat(3_000_000), fc.nat(1_500_000));
  fc.assert(
    fc.property(fc.array(fc.tuple(gaps, values, asked), { maxLength: 400 }), (steps) => {
      const series = new Series("a", {});
      let at = 0;
      steps.forEach(([gap, value, [width, back]], index) => {
        at += Math.min(gap, 60_000);
        series.append(at, value, DAY);
        if (index % 7 !== 0) return;
        const [from, to] = [at - back - width, at - back];
        const { times, values: found } = series.window(from, to);
        assert.deepEqual(
          Array.from(times, (time, place) => ({ at: time, value: found[place] })),
          series.between(from, to),
        );
      });
    }),
  );
});

test("a sample that is not later than the newest changes nothing", () => {
  const history = new History();
  assert.equal(history.append("a", { x: "1", none: "" }, 1_000, 1), "stored");
  assert.equal(history.append("a", { x: "1" }, 1_000, 2), "out-of-order", "an empty label is no label");
  assert.equal(history.append("a", { x: "1" }, 500, 3), "out-of-order");
  const [series] = [...history.named("a")];
  assert.deepEqual(series?.between(0, 2_000), [{ at: 1_000, value: 1 }]);
  assert.throws(() => history.append("a", {}, Number.NaN, 1), TypeError);
});

test("more series than allowed are refused, and there is room again when others are forgotten", () => {
  const history = new History({ maxSeries: 2, keepMs: 10_000 });
  for (const x of ["1", "2", "3"]) history.append("a", { x }, 0, 1);
  assert.equal(history.size, 2);
  assert.equal(history.append("a", { x: "3" }, 1, 1), "full");
  history.prune(10_001);
  assert.equal(history.size, 0);
  assert.deepEqual([...history.named("a")], []);
  assert.equal(history.append("a", { x: "3" }, 20_000, 1), "stored");
});

test("what has ended makes room, the oldest first, and what goes on does not", () => {
  const history = new History({ maxSeries: 4 });
  for (const x of ["1", "2", "3", "4"]) history.append("a", { x }, 0, 1);
  history.end("a", { x: "3" }, 10);
  history.end("a", { x: "2" }, 20);
  const hosts = (): unknown[] => [...history.named("a")].map(({ labels }) => labels.x).sort();
  assert.equal(history.append("a", { x: "5" }, 30, 1), "stored");
  assert.deepEqual(hosts(), ["1", "2", "4", "5"]);
  assert.equal(history.append("a", { x: "6" }, 30, 1), "stored");
  assert.equal(history.append("a", { x: "7" }, 30, 1), "full");
  assert.deepEqual(hosts(), ["1", "4", "5", "6"]);
});

test("samples are kept for their time, and for at most a chunk longer", () => {
  const series = new Series("a", {});
  for (let at = 0; at <= 3 * DAY; at += STEP) series.append(at, at, DAY);
  const kept = series.between(0, 3 * DAY);
  const oldest = kept[0]?.at ?? 0;
  assert.ok(oldest <= 2 * DAY && oldest >= 2 * DAY - 2 * 480 * STEP, `${oldest}`);
});

test("five thousand series of a day at 15 seconds take less than 100 MiB", () => {
  // Some of them, in the mixture that a service has: idle and busy counters, sums of seconds, gauges, load.
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const idle = (previous: number): number => previous;
  const rare = (previous: number): number => previous + (uniform() < 0.1 ? 1 : 0);
  const busy = (previous: number): number => previous + Math.floor(uniform() * 200);
  const seconds = (previous: number): number => previous + uniform() / 10;
  const level = (): number => Math.floor(uniform() * 50);
  const shapes = [idle, idle, idle, idle, rare, rare, rare, busy, busy, seconds, level, uniform];
  const before = held();
  const history = new History();
  const count = 120;
  const last = new Float64Array(count);
  for (let at = 0; at < DAY + 480 * STEP; at += STEP) {
    for (let index = 0; index < count; index++) {
      const shape = shapes[index % shapes.length] as (typeof shapes)[number];
      last[index] = shape(last[index] as number);
      history.append("a", { index: String(index) }, at, last[index] as number);
    }
  }
  const perSeries = (held() - before) / history.size;
  assert.ok(perSeries * 5_000 < 100 * 1_024 * 1_024, `${Math.round((perSeries * 5_000) / 2 ** 20)} MiB`);
});

function held(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("a series that is gone from the page ends at once, and a target that is lost is down", () => {
  const history = new History();
  const feed = new Feed(history, { job: "shop" });
  const sample = (x: string) => ({ name: "a", labels: { x, job: "forged" }, value: 1 });
  assert.deepEqual(feed.take([sample("1"), sample("2"), sample("2")], 0), {
    stored: 2,
    outOfOrder: 1,
    refused: 0,
  });
  feed.take([sample("2")], STEP);
  const [one, two] = [...history.named("a")];
  assert.deepEqual(one?.labels, { x: "1", job: "shop" });
  assert.equal(one?.latest(0, STEP), null);
  assert.equal(one?.latest(0, STEP - 1), 1);
  assert.equal(two?.latest(0, STEP), 1);
  feed.lost(2 * STEP);
  const [up] = [...history.named("up")];
  assert.equal(two?.latest(0, 2 * STEP), null);
  assert.deepEqual(
    up?.between(0, DAY).map(({ value }) => value),
    [1, 1, 0],
  );
});

test("the process's own registry is read with its histograms", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "a_total", help: "a", labelNames: ["x"], registers }).inc({ x: "1" }, 3);
  new Histogram({ name: "b", help: "b", buckets: [1], registers }).observe(2);
  assert.deepEqual(await readRegistry(registry), [
    { name: "a_total", labels: { x: "1" }, value: 3 },
    { name: "b_bucket", labels: { le: "1" }, value: 0 },
    { name: "b_bucket", labels: { le: "+Inf" }, value: 1 },
    { name: "b_sum", labels: {}, value: 2 },
    { name: "b_count", labels: {}, value: 1 },
  ]);
});

test("the page is the one that prom-client writes, and a reader that hangs or fails is left out", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "a_total", help: "a", labelNames: ["x"], registers }).inc({ x: 'q"\\\n' }, 3);
  new Histogram({ name: "b", help: "b", buckets: [1], registers }).observe(2);
  assert.equal(await registryPage(registry), await registry.metrics());
  const before = await readRegistry(registry);
  const whole = await registry.metrics();
  new Gauge({ name: "hangs", help: "c", registers, collect: () => new Promise<void>(() => {}) });
  new Gauge({ name: "fails", help: "d", registers, collect: () => Promise.reject(new Error("away")) });
  assert.equal(await registryPage(registry, "text", 20), whole);
  const read = await Array.fromAsync(registrySlices(registry, 20));
  assert.equal(
    read.reduce((sum, { values }) => sum + values.length, 0),
    before.length,
  );
});

test("time goes on when the clock is set back, and follows it when it is far ahead", () => {
  const clock = manualClock(1_000_000);
  const now = timeline(clock);
  clock.advance(15_000);
  clock.jump(-3_600_000);
  assert.equal(now(), 1_015_000);
  clock.jump(3_600_000 + 30_000);
  assert.equal(now(), 1_015_000, "half a minute is not followed");
  clock.jump(3_600_000);
  clock.advance(1_000);
  assert.equal(now(), clock.now());
});

test("a tick that is a little early or late is on time, one that is later is not, and none goes back", () => {
  assert.deepEqual(
    [14_700, 14_999, 15_000, 15_300].map((at) => aligned(at, STEP)),
    [STEP, STEP, STEP, STEP],
  );
  assert.deepEqual(
    [14_699, 15_301, 22_500].map((at) => aligned(at, STEP)),
    [14_699, 15_301, 22_500],
  );
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000), (at, later) => {
      assert.ok(aligned(at + later, STEP) >= aligned(at, STEP));
    }),
  );
});
