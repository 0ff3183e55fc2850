import { startPrometheus as startAlone } from "@rempart/testing";
import type { Element } from "../src/rules/element.ts";
import { encodeWrite, type WrittenSeries } from "./remote-write.ts";

export interface TestPrometheus extends AsyncDisposable {
  /** All series at once, samples in order of time. */
  write(series: readonly WrittenSeries[]): Promise<void>;
  /** Null: Prometheus answered that the expression cannot be evaluated on these data. */
  query(promql: string, at: number): Promise<Element[] | null>;
}

/** A Prometheus of one's own, scraping nothing. Ask `requireService("prometheus")` first whether there is one. */
export async function startPrometheus(): Promise<TestPrometheus> {
  const alone = await startAlone();
  return {
    write: (series) => write(`${alone.url}/api/v1/write`, series),
    query: (promql, at) => query(`${alone.url}/api/v1/query`, promql, at),
    [Symbol.asyncDispose]: () => alone[Symbol.asyncDispose](),
  };
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
