import { ObservabilityError } from "../errors.ts";
import type { Labels } from "../history/series.ts";

/** A value of a vector. The metric's name is the label `__name__`, as in Prometheus. */
export interface Element {
  readonly labels: Labels;
  readonly value: number;
}

export function dropName(labels: Labels): Labels {
  if (labels.__name__ === undefined) return labels;
  const { __name__, ...others } = labels;
  return others;
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
  let text = "";
  for (const name of sorted(on ?? Object.keys(withName ? labels : dropName(labels)))) {
    const value = labels[name];
    // Whatever a value holds, its length says where it ends.
    if (value !== undefined) text += `${name}=${value.length}:${value}`;
  }
  return text;
}

/** Most have one name or none, and this is asked for each element of each rule. */
function sorted(names: readonly string[]): readonly string[] {
  return names.length < 2 ? names : names.toSorted();
}

export function ambiguous(message: string): ObservabilityError {
  return new ObservabilityError("ambiguous-match", message);
}
