import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { dictated } from "../../test/dictated.ts";
import { Feed } from "../history/feed.ts";
import { History } from "../history/history.ts";
import { counter, gauge } from "../metrics/declare.ts";
import { objective } from "../objectives/objective.ts";
import { errorsOf } from "../objectives/sli.ts";
import { mad, zscore } from "../rules/bands.ts";
import { counterOf, gaugeOf, overTime, rate, sumBy } from "../rules/builders.ts";
import type { Element } from "../rules/element.ts";
import { evaluate } from "../rules/evaluate.ts";
import type { Vector } from "../rules/expression.ts";
import { Evaluator } from "./evaluator.ts";
import { LongSteps } from "./long-steps.ts";
import type { Step } from "./messages.ts";
import { Remembering } from "./remembering.ts";

const scratch = await mkdtemp(join(tmpdir(), "long-steps-"));
after(() => rm(scratch, { recursive: true, force: true }));

const help = "For a test.";
const STEP = 15_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const host = { limit: 9 };
const hits = counter({ name: "hits_total", help, unit: "count", labels: { host } });
const load = gauge({ name: "load", help, unit: "count", labels: { host } });
const season = { by: ["host"], window: "10m", step: "1m", period: "1h", periods: 3, floor: 0.1 } as const;

const LONG: readonly Vector[] = [
  mad(sumBy(["host"], rate(counterOf(hits), "5m")), season),
  mad(gaugeOf(load), { ...season, by: ["host", "job"] }),
  zscore(gaugeOf(load), { window: "4h", step: "5m", floor: 1 }),
  overTime("sum", overTime("max", gaugeOf(load), { window: "3h", step: "10m" }), {
    window: "30m",
    step: "10m",
  }),
];

/** Samples of a made service; which of its hosts are there changes. */
function told(tick: number) {
  return ["a", "b", "c"].flatMap((name, index) => {
    if (index === 2 && tick % 700 < 400) return [];
    const labels = { host: name };
    const level = Math.sin(tick / 180 + index) * 10 + ((tick * 7_919) % 13);
    return [
      { name: "load", labels, value: level },
      { name: "hits_total", labels, value: (tick % 900) * (index + 1) + ((tick * 31) % 7) },
    ];
  });
}

interface Watched {
  readonly expressions: readonly Vector[];
  readonly keepMs: number;
  readonly directory?: string;
}

function evaluatorOf({ expressions, keepMs, directory }: Watched, said: string[] = []): Evaluator {
  const steps = expressions.map(
    (expression, index): Step => ({ kind: "alert", name: `${index}`, expression }),
  );
  const scrape = { timeoutMs: 1_000, maxBytes: 1_000 };
  const where = { own: { job: "app" }, targets: [], directory: directory ?? null };
  return new Evaluator({ steps, scrape, history: { keepMs }, ...where }, (_, message, reason) => {
    said.push(`${message}: ${reason}`);
  });
}

function byLabels(elements: readonly Element[] = []): unknown[] {
  return elements.map((one) => JSON.stringify(one)).sort();
}

const DAY = 24 * HOUR;

test("with minutes of samples, also after restarts, what looks back on hours is what all samples say", async () => {
  const all = new History();
  const feed = new Feed(all, { job: "app" });
  const watched = { expressions: LONG, keepMs: 20 * MINUTE, directory: join(scratch, "restarts") };
  let evaluator = evaluatorOf(watched);
  // So often that samples are dropped soon.
  for (let tick = 0; tick * 5_000 <= 5 * HOUR; tick += 1) {
    const at = tick * 5_000;
    feed.take(told(tick), at);
    evaluator.take(dictated(told(tick)));
    const { results, failed } = await evaluator.answer("tick", { at });
    assert.deepEqual(failed, []);
    if (tick % 180 === 0) {
      const expected = LONG.map((expression) => byLabels(evaluate(expression, all, at)));
      assert.deepEqual(
        results.map(({ elements }) => byLabels(elements)),
        expected,
        `${at / HOUR} h`,
      );
    }
    if (tick % 499 === 0) {
      await evaluator.answer("save", {});
      evaluator = evaluatorOf(watched);
    }
  }
  const [first] = await evaluator.answer("query", {
    expression: overTime("min", gaugeOf(load), { window: "5h" }),
    at: 2 * HOUR,
  });
  assert.equal(first, undefined, "their samples are gone");
});

test("after days of running and a restart, a budget is what happened in four weeks", async () => {
  const selling = objective({
    name: "Selling",
    sli: errorsOf(hits, { host: "bad" }),
    target: 0.95,
    runbook: "x",
  });
  const directory = join(scratch, "budget");
  const steps = [
    ...selling.records.map((one): Step => ({ kind: "record", name: one.name, expression: one.expression })),
  ];
  const scrape = { timeoutMs: 1_000, maxBytes: 1_000 };
  const start = () =>
    new Evaluator({ steps, own: { job: "app" }, targets: [], scrape, history: {}, directory });
  let evaluator = start();
  let counted = 0;
  // Five minutes apart, as what a value stands for: three days with errors, four without.
  for (let at = 0; at <= 7 * DAY; at += 5 * MINUTE) {
    counted += 1;
    const bad = Math.min(at, 3 * DAY) / (5 * MINUTE) / 10;
    evaluator.take(
      dictated([
        { name: "hits_total", labels: { host: "good" }, value: counted },
        { name: "hits_total", labels: { host: "bad" }, value: bad },
      ]),
    );
    await evaluator.answer("tick", { at });
    if (at % (2 * DAY) === 0) {
      await evaluator.answer("save", {});
      evaluator = start();
    }
  }
  const [left] = await evaluator.answer("query", { expression: selling.budgetLeft, at: 7 * DAY });
  const share = 3 / 10 / (7 + 3 / 10);
  assert.ok(Math.abs((left?.value ?? 0) - (1 - share / 0.05)) < 0.02, `${left?.value}`);
});

test("how much is kept of steps is bounded, and what is refused is counted", () => {
  const history = new History();
  const long = new LongSteps([overTime("avg", gaugeOf(load), { window: "5w", step: "1h" })], DAY, 2_000);
  const source = new Remembering(history, long);
  const at = DAY;
  for (let index = 0; index < 5; index += 1) history.append("load", { host: `${index}` }, at - 1, 1);
  source.tick(at + 1);
  // 841 steps of a series: there is room for two.
  assert.equal(long.advance(source, at + 1), 3);
  assert.equal(long.kept(0).length, 2);
});

test("what is taken up of steps is held to the same bound, whatever a file says", () => {
  const expression = overTime("avg", gaugeOf(load), { window: "5w", step: "1h" });
  const [key = ""] = new LongSteps([expression], DAY).subqueries;
  const known = (host: string, count: number) => {
    const history = new History({ keepMs: Number.POSITIVE_INFINITY });
    for (let index = 1; index <= count; index += 1) history.append(key, { __name__: "load", host }, index, 1);
    return history.kept(0);
  };
  // 841 steps of a series: of the honest ones there is room for two.
  const steps = [known("endless", 2_000), ...["a", "b", "c"].map((host) => known(host, 841))].flat();
  const long = new LongSteps([expression], DAY, 2_000);
  long.restore({ subqueries: [key], steps, at: 3_000 }, 3_000);
  assert.deepEqual(
    long.kept(0).map(({ labels }) => labels.host),
    ["a", "b"],
  );
  const history = new History();
  for (const host of ["a", "b", "c"]) history.append("load", { host }, 3_600_000, 1);
  assert.equal(long.advance(new Remembering(history, long), 3_600_001), 1);
});

test("whether a rule has seen all it looks back on is told after a restart as it was before, unless there is a gap", async () => {
  const expressions = [overTime("max", gaugeOf(load), { window: "20m" })];
  for (const [gap, settled] of [
    [MINUTE, true],
    [6 * MINUTE, false],
  ] as const) {
    const watched = { expressions, keepMs: DAY, directory: join(scratch, `gap-${gap}`) };
    const before = evaluatorOf(watched);
    for (let at = 0; at <= 20 * MINUTE; at += STEP) await before.answer("tick", { at });
    await before.answer("save", {});
    const { results } = await evaluatorOf(watched).answer("tick", { at: 20 * MINUTE + gap });
    assert.equal(results[0]?.settled, settled, `${gap}`);
  }
});

test("a clock that was set back takes with it what is later than now, and says so", async () => {
  const watched = { expressions: LONG, keepMs: DAY, directory: join(scratch, "back") };
  const before = evaluatorOf(watched);
  for (let tick = 0; tick < 480; tick += 1) {
    before.take(dictated(told(tick)));
    await before.answer("tick", { at: tick * STEP });
  }
  await before.answer("save", {});
  const said: string[] = [];
  const again = evaluatorOf(watched, said);
  const at = HOUR + 1;
  again.take(dictated(told(240)));
  const { results } = await again.answer("tick", { at });
  assert.match(said.join(), /^of the history that was kept, what is of later than now is left out: \d+ ms$/);
  assert.equal(results[2]?.settled, false);
  const [last] = await again.answer("query", { expression: gaugeOf(load, { host: "a" }), at });
  assert.equal(last?.value, told(240)[0]?.value);
  const newest = overTime("max", gaugeOf(load), { window: "3h" });
  const before1h = told(0).length;
  assert.ok((await again.answer("query", { expression: newest, at })).length >= before1h / 2);
});

test("a history that cannot be read is left where it can be looked at, with one warning", async () => {
  const directory = join(scratch, "damaged");
  const watched = { expressions: LONG, keepMs: DAY, directory };
  const before = evaluatorOf(watched);
  before.take(dictated(told(0)));
  await before.answer("tick", { at: 0 });
  await before.answer("save", {});
  const whole = join(directory, "whole");
  await writeFile(whole, (await readFile(whole)).subarray(0, 100));
  const said: string[] = [];
  const again = evaluatorOf(watched, said);
  await again.answer("tick", { at: STEP });
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /cannot be read: it starts empty: .*damaged or cut short/);
  assert.equal((await readFile(join(`${directory}.aside`, "whole"))).length, 100);
  await again.answer("save", {});
  assert.equal(said.length, 1);
});
