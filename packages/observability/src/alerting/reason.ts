import type { Labels, Sample } from "../history/series.ts";
import type { Explanation } from "../monitor/evaluation.ts";
import { storableText } from "./text.ts";

/** What a rule was made of when an alert of it last began to fire. */
export interface Reason {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly text: string;
}

const MAX_LENGTH = 20_000;

/** Every part of an expression, with what it was and the samples it was made of, for people. */
export function reasonText(explanation: Explanation): string {
  return storableText(linesOf(explanation).join("\n"), MAX_LENGTH);
}

function linesOf({ promql, elements, omitted, error, samples, parts }: Explanation): string[] {
  const below = [
    ...(error === null ? [] : [`failed: ${error}`]),
    ...(error === null && elements.length === 0 ? ["nothing"] : []),
    ...elements.map(({ labels, value }) => `${labelsText(labels)} = ${value}`),
    ...(omitted === 0 ? [] : [`and ${omitted} more`]),
    ...samples.map((series) => `${labelsText(series.labels)}: ${series.samples.map(sampleText).join(", ")}`),
    ...parts.flatMap(linesOf),
  ];
  return [promql, ...below.map((line) => `  ${line}`)];
}

function labelsText(labels: Labels): string {
  return JSON.stringify(labels);
}

function sampleText({ at, value }: Sample): string {
  return `${value} at ${new Date(at).toISOString().slice(11, 19)}`;
}
