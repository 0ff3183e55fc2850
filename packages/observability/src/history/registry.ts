/** The process's own metrics, without the way through text, and without holding up what the process is for. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { timeLimit } from "@rempart/runtime";
import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";
import { nameOf } from "./dictation.ts";
import type { ScrapedSample } from "./exposition.ts";
import { openMetricsFamily } from "./openmetrics.ts";

/** So long, in milliseconds, the event loop may be kept, give or take one metric. */
const TURN_MS = 3;
const SLICE = 1_000;
const READ_WITHIN_MS = 5_000;

type Read = MetricObjectWithValues<MetricValue<string>>;

/** Values of one metric, as prom-client tells them, from a place among them on. */
export interface RegistrySlice {
  readonly metric: string;
  readonly start: number;
  readonly values: readonly MetricValue<string>[];
}

/**
 * The registry's samples in slices; between them others have their turn. All metrics are asked at once, so that slow readers
 * wait together; one that fails, or does not answer within `withinMs`, is left out. Default labels of the registry are not told.
 */
export async function* registrySlices(
  registry: Registry,
  withinMs = READ_WITHIN_MS,
): AsyncGenerator<RegistrySlice> {
  const giveWay = turns();
  const asked: Promise<Read | null | undefined>[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    asked.push(inTime(async () => registry.getSingleMetric(name)?.get(), withinMs));
    await giveWay();
  }
  for (const one of asked) {
    const { name = "", values = [] } = (await one) ?? {};
    for (let start = 0; start < values.length; start += SLICE) {
      yield { metric: name, start, values: values.slice(start, start + SLICE) };
      await giveWay();
    }
  }
}

/** All of `registrySlices` at once. */
export async function readRegistry(registry: Registry): Promise<ScrapedSample[]> {
  const slices = await Array.fromAsync(registrySlices(registry));
  return slices.flatMap(({ metric, values }) => {
    return values.map((value) => ({ ...nameOf(metric, value), value: value.value }));
  });
}

/**
 * The registry's page, metric by metric: between them others have their turn. What is left out is the same as in
 * `registrySlices`. Exemplars are in OpenMetrics alone.
 */
export async function registryPage(
  registry: Registry,
  format: "text" | "openmetrics" = "text",
  withinMs = READ_WITHIN_MS,
): Promise<string> {
  const giveWay = turns();
  const asked: Promise<string | null>[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    asked.push(inTime(() => familyText(registry, name, format), withinMs));
    await giveWay();
  }
  const families = (await Promise.all(asked)).filter((family) => family !== null);
  return format === "text" ? `${families.join("\n\n")}\n` : `${families.join("")}# EOF\n`;
}

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT = "text/plain; version=0.0.4; charset=utf-8";

export interface Page {
  readonly contentType: string;
  readonly text: string;
}

/** The page as who scrapes it asks for it, by the field `Accept`. */
export async function acceptedPage(registry: Registry, accept = ""): Promise<Page> {
  return accept.includes("application/openmetrics-text")
    ? { contentType: OPENMETRICS, text: await registryPage(registry, "openmetrics") }
    : { contentType: TEXT, text: await registryPage(registry) };
}

async function familyText(registry: Registry, name: string, format: "text" | "openmetrics"): Promise<string> {
  if (format === "text") return registry.getSingleMetricAsString(name);
  const metric = await registry.getSingleMetric(name)?.get();
  return metric === undefined ? "" : openMetricsFamily(metric);
}

/** Waits for the next turn of the event loop when this one has been used for long enough. */
function turns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN_MS) return;
    await nextTurn();
    since = performance.now();
  };
}

/** Null: it failed, or took longer. */
async function inTime<T>(read: () => Promise<T>, withinMs: number): Promise<T | null> {
  let answer: T | null = null;
  const work = async (): Promise<void> => {
    answer = await read();
  };
  const isInTime = await timeLimit(work(), withinMs).catch(() => false);
  return isInTime ? answer : null;
}
