import { ObservabilityError } from "../errors.ts";
import type { Labels } from "../history/series.ts";

/** A value of a vector. The metric's name is the label `__name__`, as in Prometheus. */
export interface Element {
  readonly labels: Labels;
  readonly value: number;
}

export function dropName({ __name__, ...labels }: Labels): Labels {
  return labels;
}

/** The labels without the name, sorted. */
export function keysOf(labels: Labels): string[] {
  return Object.keys(dropName(labels)).sort();
}

export function pick(labels: Labels, names: readonly string[]): Labels {
  const picked: [string, string][] = [];
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined) picked.push([name, value]);
  }
  return Object.fromEntries(picked);
}

/** Equal for elements that belong together: by the labels of `on`, or by all but the name, or with it. */
export function signature(labels: Labels, on: readonly string[] | null, withName = false): string {
  const names = on?.toSorted() ?? (withName ? Object.keys(labels).sort() : keysOf(labels));
  return JSON.stringify(names.flatMap((name) => (labels[name] === undefined ? [] : [name, labels[name]])));
}

export function ambiguous(message: string): ObservabilityError {
  return new ObservabilityError("ambiguous-match", message);
}
