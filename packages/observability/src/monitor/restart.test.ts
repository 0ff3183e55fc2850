import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { dictated } from "../../test/dictated.ts";
import { HistoryFiles } from "../history/files.ts";
import { gauge } from "../metrics/declare.ts";
import { gaugeOf, overTime } from "../rules/builders.ts";
import type { Vector } from "../rules/expression.ts";
import { Evaluator } from "./evaluator.ts";
import type { Step } from "./messages.ts";

const scratch = await mkdtemp(join(tmpdir(), "restart-"));
after(() => rm(scratch, { recursive: true, force: true }));

const STEP = 15_000;
const load = gauge({ name: "load", help: "For a test.", unit: "count", labels: { host: { limit: 9 } } });

interface Started {
  readonly instance?: string;
  readonly maxSeries?: number;
  readonly steps?: readonly Step[];
}

function evaluatorOf(
  directory: string,
  { instance = "one", maxSeries = 5_000, steps = [] }: Started = {},
): Evaluator {
  const scrape = { timeoutMs: 1_000, maxBytes: 1_000 };
  const own = { job: "app", instance };
  return new Evaluator({ steps, own, targets: [], scrape, history: { maxSeries }, directory });
}

async function look(evaluator: Evaluator, hosts: readonly string[], at: number): Promise<number> {
  evaluator.take(dictated(hosts.map((host) => ({ name: "load", labels: { host }, value: 1 }))));
  const { refused } = await evaluator.answer("tick", { at });
  return refused;
}

test("what the next process does not have has ended, and what it was is still known", async () => {
  const directory = join(scratch, "ended");
  const before = evaluatorOf(directory);
  await look(before, ["a", "b"], 0);
  await before.answer("save", {});
  const next = evaluatorOf(directory);
  await look(next, ["a"], STEP);
  const hosts = async (expression: Vector): Promise<unknown[]> =>
    (await next.answer("query", { expression, at: STEP })).map(({ labels }) => labels.host).sort();
  assert.deepEqual(await hosts(gaugeOf(load)), ["a"]);
  assert.deepEqual(await hosts(overTime("max", gaugeOf(load), { window: "1m" })), ["a", "b"]);
  await next.answer("save", {});
});

test("processes of ever new names leave room for the next one", async () => {
  const directory = join(scratch, "names");
  for (let start = 0; start < 5; start += 1) {
    const evaluator = evaluatorOf(directory, { instance: `container-${start}`, maxSeries: 12 });
    assert.equal(await look(evaluator, ["a", "b", "c", "d"], start * STEP), 0, `start ${start}`);
    await evaluator.answer("save", {});
  }
});

test("what nobody recorded before an upgrade is not known to be over after it", async () => {
  const record = (expression: Vector): Step => ({ kind: "record", name: "a:load", expression });
  const recorded = gaugeOf({ ...load, name: "a:load" });
  const rule: Step = {
    kind: "alert",
    name: "High",
    expression: overTime("max", recorded, { window: "20m" }),
  };
  const directory = join(scratch, "upgrade");
  const before = evaluatorOf(directory, { steps: [record(gaugeOf(load)), rule] });
  for (let at = 0; at <= 20 * 60_000; at += STEP) await look(before, ["a"], at);
  await before.answer("save", {});
  for (const [expression, settled] of [
    [gaugeOf(load), true],
    [overTime("min", gaugeOf(load), { window: "1m" }), false],
  ] as const) {
    const next = evaluatorOf(directory, { steps: [record(expression), rule] });
    const { results } = await next.answer("tick", { at: 20 * 60_000 + STEP });
    assert.equal(results[0]?.settled, settled);
    await next.answer("save", {});
  }
});

test("a machine that begins with a clock of long ago leaves what was kept where it is found again", async () => {
  const directory = join(scratch, "clock");
  const at = 1_790_000_010_000;
  const before = evaluatorOf(directory);
  await look(before, ["a"], at);
  await before.answer("save", {});
  const next = evaluatorOf(directory);
  await look(next, ["a"], STEP);
  await next.answer("save", {});
  assert.equal((await new HistoryFiles(`${directory}.aside`).read())?.at, at);
  assert.equal((await new HistoryFiles(directory).read())?.at, STEP);
});
