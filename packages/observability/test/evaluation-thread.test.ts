import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { HistoryFiles } from "../src/history/files.ts";
import { History } from "../src/history/history.ts";
import { gauge, gaugeOf, overTime } from "../src/index.ts";
import { EvaluationThread } from "../src/monitor/evaluation-thread.ts";
import type { Assignment } from "../src/monitor/messages.ts";

const scratch = await mkdtemp(join(tmpdir(), "evaluation-thread-"));
after(() => rm(scratch, { recursive: true, force: true }));

const load = gauge({ name: "load", help: "For a test.", unit: "count" });
const assignment: Assignment = {
  steps: [],
  own: { job: "app" },
  targets: [],
  scrape: { timeoutMs: 1_000, maxBytes: 1_000 },
  history: {},
  directory: null,
};

function said(): { log: typeof silentLogger; errors: object[] } {
  const errors: object[] = [];
  return { errors, log: { ...silentLogger, error: (fields) => void errors.push(fields) } };
}

test("a thread that ended rejects what it was asked, is started anew with an empty history, and said so", async () => {
  const { log, errors } = said();
  const thread = new EvaluationThread(assignment, log);
  thread.tell({ metric: "load", start: 0, values: [{ labels: {}, value: 3 }] });
  await thread.ask("tick", { at: 1_000 });
  assert.equal((await thread.ask("query", { expression: gaugeOf(load), at: 1_000 })).length, 1);
  const long = overTime("max", gaugeOf(load), { window: "9w", step: "1s" });
  const asked = thread.ask("query", { expression: long, at: 1_000 });
  const rejected = assert.rejects(asked, (error) => hasCode(error, "monitor-lost"));
  await thread.abandon();
  await rejected;
  assert.equal(errors.length, 1);
  assert.deepEqual(await thread.ask("query", { expression: gaugeOf(load), at: 1_000 }), []);
  assert.equal(thread.starts, 2);
  await thread.close();
  await assert.rejects(thread.ask("tick", { at: 2_000 }), (error) => hasCode(error, "monitor-lost"));
  assert.equal(errors.length, 1, "an end that was wanted is no error");
});

/** Of each thread of this process: field 19 of its line (proc(5)). */
async function niceness(): Promise<number[]> {
  const threads = await readdir("/proc/self/task");
  const lines = threads.map((id) => readFile(`/proc/self/task/${id}/stat`, "utf8").catch(() => ""));
  const fields = (await Promise.all(lines)).map((line) => line.slice(line.lastIndexOf(")") + 2).split(" "));
  return fields.map((field) => Number(field[16]));
}

test("the thread gives way to the application, which keeps its priority", {
  skip: process.platform !== "linux" && "elsewhere a priority is the process's",
}, async () => {
  const ours = getPriority();
  const thread = new EvaluationThread(assignment, silentLogger);
  await thread.ask("tick", { at: 1_000 });
  const others = (await niceness()).filter((one) => one !== ours);
  assert.deepEqual(others, ours < 19 ? [Math.min(19, ours + 10)] : []);
  assert.equal(getPriority(), ours);
  await thread.close();
});

test("a thread that cannot start says why, each time it is asked", async () => {
  const { log, errors } = said();
  const broken = { ...assignment, targets: [{ url: "none", job: "x" }] };
  const thread = new EvaluationThread(broken, log);
  for (const times of [1, 2]) {
    await assert.rejects(thread.ask("tick", { at: 1_000 }), (error) => hasCode(error, "monitor-lost"));
    assert.equal(errors.length, times);
  }
  assert.match(
    JSON.stringify(errors, (_, value) => (value instanceof Error ? value.message : value)),
    /Invalid URL/,
  );
  await thread.close();
});

test("a kept history that ends the thread that takes it up is put aside, and the next one works without", async () => {
  const directory = join(scratch, "history");
  const one = new History();
  one.append("load", {}, 1_000, 3);
  const [kept] = one.kept(0);
  assert.ok(kept !== undefined);
  const samples = Array.from({ length: 100_000 }, (_, index) => ({ ...kept, labels: { index: `${index}` } }));
  const kinds = { records: [], subqueries: [], steps: [] };
  await new HistoryFiles(directory).write(1_000, () => ({ beganAt: 0, samples, ...kinds }));
  const thread = new EvaluationThread({ ...assignment, directory }, said().log, { maxHeapMb: 24 });
  await assert.rejects(thread.ask("tick", { at: 2_000 }), (error) => hasCode(error, "monitor-lost"));
  assert.equal((await thread.ask("tick", { at: 3_000 })).at, 3_000);
  assert.deepEqual(await readdir(`${directory}.aside`), ["whole"]);
  await thread.close();
});

test("a thread that takes more memory than it may ends, and not the process", async () => {
  const { log, errors } = said();
  const thread = new EvaluationThread(assignment, log, { maxHeapMb: 24 });
  for (let times = 0; times < 150; times++) {
    const values = Array.from({ length: 2_000 }, (_, index) => ({
      labels: { index: `${times}-${index}` },
      value: 1,
    }));
    thread.tell({ metric: "load", start: times * 2_000, values });
  }
  await assert.rejects(thread.ask("tick", { at: 1_000 }), (error) => hasCode(error, "monitor-lost"));
  assert.match(String((errors[0] as { err: Error }).err), /ERR_WORKER_OUT_OF_MEMORY|memory/);
  await thread.close();
});
