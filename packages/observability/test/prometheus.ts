import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, requireService } from "@rempart/testing";
import type { Element } from "../src/rules/element.ts";
import { encodeWrite, type WrittenSeries } from "./remote-write.ts";

export interface TestPrometheus extends AsyncDisposable {
  /** All series at once, samples in order of time. */
  write(series: readonly WrittenSeries[]): Promise<void>;
  /** Null: Prometheus answered that the expression cannot be evaluated on these data. */
  query(promql: string, at: number): Promise<Element[] | null>;
}

const READY_WITHIN_MS = 20_000;

/** A Prometheus of one's own, scraping nothing. Ask `requireService("prometheus")` first whether there is one. */
export async function startPrometheus(): Promise<TestPrometheus> {
  const { path, skip } = await requireService("prometheus");
  if (path === undefined) throw new Error(skip);
  const directory = await mkdtemp(join(tmpdir(), "rempart-prometheus-"));
  await writeFile(join(directory, "prometheus.yml"), "global: {}\n");
  const port = await freePort();
  const child = spawn(path, programArguments(directory, port), { stdio: "ignore" });
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const address = `http://127.0.0.1:${port}`;
  await whenReady(child, `${address}/-/ready`);
  return {
    write: (series) => write(`${address}/api/v1/write`, series),
    query: (promql, at) => query(`${address}/api/v1/query`, promql, at),
    async [Symbol.asyncDispose]() {
      process.off("exit", endWithUs);
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function programArguments(directory: string, port: number): string[] {
  return [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
  ];
}

async function whenReady(child: ChildProcess, address: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && child.exitCode === null) {
    const isReady = await fetch(address).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(50);
  }
  throw new Error("Prometheus did not become ready");
}

async function write(address: string, series: readonly WrittenSeries[]): Promise<void> {
  const headers = { "content-encoding": "snappy", "content-type": "application/x-protobuf" };
  const response = await fetch(address, { method: "POST", headers, body: encodeWrite(series) });
  if (!response.ok) throw new Error(await response.text());
}

interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data: { readonly result: { metric: Record<string, string>; value: [number, string] }[] };
}

async function query(address: string, promql: string, at: number): Promise<Element[] | null> {
  const body = new URLSearchParams({ query: promql, time: String(at / 1_000) });
  const answer = (await (await fetch(address, { method: "POST", body })).json()) as Answer;
  if (answer.errorType === "execution") return null;
  if (answer.status !== "success") throw new Error(`${promql}: ${answer.error}`);
  return answer.data.result.map(({ metric, value: [, text] }) => ({ labels: metric, value: toNumber(text) }));
}

function toNumber(text: string): number {
  return text.endsWith("Inf") ? (text.startsWith("-") ? -1 : 1) * Number.POSITIVE_INFINITY : Number(text);
}
