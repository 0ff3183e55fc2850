import { STALE } from "./chunk.ts";
import { type Chunk, type Labels, Series, type SeriesName } from "./series.ts";

export interface HistoryOptions {
  /** Default 24 hours. A sample goes with its chunk, so up to two hours of samples more are kept. */
  readonly keepMs?: number;
  /** Default 5,000. What ended longest ago makes room; what comes beyond is refused: a peer that names series must not fill the memory. */
  readonly maxSeries?: number;
}

/** A series with its key, for who appends to it again and again. */
export interface KnownSeries extends SeriesName {
  readonly key: string;
}

export type Appended = "stored" | "out-of-order" | "full";

export const DAY_MS = 86_400_000;

/** Of all series, so many that have ended go together when there is no room: looking for them takes time. */
const ROOM_SHARE = 1 / 16;

/** What is kept of one series between two processes. */
export interface KeptSeries extends SeriesName {
  readonly chunks: readonly Chunk[];
}

/** The recent past of many series, compressed in memory. */
export class History {
  readonly #keepMs: number;
  readonly #maxSeries: number;
  readonly #byKey = new Map<string, Series>();
  readonly #byName = new Map<string, Set<Series>>();
  #generation = 0;
  #hasEnded = false;
  #prunedAt = Number.NaN;

  constructor({ keepMs = DAY_MS, maxSeries = 5_000 }: HistoryOptions = {}) {
    this.#keepMs = keepMs;
    this.#maxSeries = maxSeries;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Another number whenever a series was added or forgotten. */
  get generation(): number {
    return this.#generation;
  }

  /** A label with an empty value is no label. Samples of a series come in the order of their times. */
  append(name: string, labels: Labels, at: number, value: number): Appended {
    return this.appendTo({ key: seriesKey(name, labels), name, labels }, at, value);
  }

  appendTo({ key, name, labels }: KnownSeries, at: number, value: number): Appended {
    if (!Number.isFinite(at)) throw new TypeError("a sample's time is a finite number of milliseconds");
    const series = this.#byKey.get(key) ?? this.#add(key, name, labels);
    if (series === null) return "full";
    return series.append(at, value, this.#keepMs) ? "stored" : "out-of-order";
  }

  /** Says that the series ended before `at`: from there on it has no value, instead of its last one for five minutes more. */
  end(name: string, labels: Labels, at: number): void {
    const series = this.#byKey.get(seriesKey(name, labels));
    if (series !== undefined) this.#end(series, at);
  }

  /** The same of every series: what goes on has its next sample after `at`. */
  endAll(at: number): void {
    for (const series of this.#byKey.values()) this.#end(series, at);
  }

  /** Every series of the metric. */
  named(name: string): Iterable<Series> {
    return this.#byName.get(name) ?? [];
  }

  has(name: string, labels: Labels): boolean {
    return this.#byKey.has(seriesKey(name, labels));
  }

  /** Every series with what it has at `from` and later. Their last chunks still grow: use them before the next sample comes. */
  kept(from: number): KeptSeries[] {
    const all = [...this.#byKey.values()].map((series) => {
      return { name: series.name, labels: series.labels, chunks: series.chunksFrom(from) };
    });
    return all.filter(({ chunks }) => chunks.length > 0);
  }

  /** Takes back what was kept, up to `until`, as far as there is time and room. A series that is here already stays as it is. */
  restore(kept: Iterable<KeptSeries>, until: number): void {
    for (const { name, labels, chunks } of kept) {
      const key = seriesKey(name, labels);
      const young = chunks.filter(
        ({ firstAt, lastAt }) => lastAt >= until - this.#keepMs && firstAt <= until,
      );
      if (young.length > 0 && !this.#byKey.has(key)) this.#add(key, name, labels)?.restore(young, until);
    }
  }

  /** Forgets the series that nothing was heard of for as long as samples are kept. */
  prune(now: number): void {
    // Each of many feeds asks for it, at the same time.
    if (now === this.#prunedAt) return;
    this.#prunedAt = now;
    for (const [key, series] of this.#byKey) {
      if (series.lastAt < now - this.#keepMs) this.#forget(key, series);
    }
  }

  #end(series: Series, at: number): void {
    if (series.isStale) return;
    series.append(at, STALE, this.#keepMs);
    this.#hasEnded = true;
  }

  #forget(key: string, series: Series): void {
    this.#generation += 1;
    this.#byKey.delete(key);
    const siblings = this.#byName.get(series.name);
    siblings?.delete(series);
    if (siblings?.size === 0) this.#byName.delete(series.name);
  }

  #makeRoom(): void {
    if (!this.#hasEnded) return;
    const ended = [...this.#byKey].filter(([, { isStale }]) => isStale);
    const most = Math.ceil(this.#maxSeries * ROOM_SHARE);
    const oldestFirst = ended.sort(([, a], [, b]) => a.lastAt - b.lastAt);
    for (const [key, series] of oldestFirst.slice(0, most)) this.#forget(key, series);
    this.#hasEnded = ended.length > most;
  }

  #add(key: string, name: string, labels: Labels): Series | null {
    if (this.#byKey.size >= this.#maxSeries) this.#makeRoom();
    if (this.#byKey.size >= this.#maxSeries) return null;
    const series = new Series(name, Object.fromEntries(present(labels)));
    this.#generation += 1;
    this.#byKey.set(key, series);
    const siblings = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, siblings.add(series));
    return series;
  }
}

export function seriesKey(name: string, labels: Labels): string {
  return JSON.stringify([name, present(labels).sort(byName)]);
}

function present(labels: Labels): [string, string][] {
  return Object.entries(labels).filter(([, value]) => value !== "");
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}
