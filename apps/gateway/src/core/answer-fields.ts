import { connectionOptions, staysFromAnswer, staysFromTrailers } from "./field-names.ts";

export interface AnswerRule {
  /** Whether the edge answers for a field: the upstream's is dropped then. */
  readonly owns: (name: string) => boolean;
  /** Lower-case names of which the upstream's own value holds, in place of the edge's. */
  readonly kept: ReadonlySet<string>;
}

/**
 * The fields of the answer to the client, as a flat list: `owed` by the edge first, then the upstream's. Where both have
 * one, the edge's holds, unless the name is `kept` and the upstream sent it. Several lines of a name (`Set-Cookie`, `Vary`)
 * stay several. `raw` is flat; `length` is the verified length of the body, null when it is not known or there is none.
 */
export function answerFields(
  owed: readonly string[],
  raw: readonly string[],
  length: number | null,
  { owns, kept }: AnswerRule,
): string[] {
  const named = connectionOptions(joinedValue(raw, "connection"));
  const replaced = kept.size === 0 ? null : presentNames(raw, kept);
  const fields = replaced === null ? owed.slice() : without(owed, replaced);
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (staysFromAnswer(lower) || named?.has(lower) || (owns(lower) && !replaced?.has(lower))) continue;
    fields.push(name, raw[i + 1] as string);
  }
  if (length !== null) fields.push("Content-Length", String(length));
  return fields;
}

/** Trailers that may be passed on: none that frame, route, authenticate, or that the edge answers for. */
export function trailerFields(raw: readonly string[], owns: (name: string) => boolean): string[] {
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (!staysFromTrailers(lower) && !owns(lower)) fields.push(name, raw[i + 1] as string);
  }
  return fields;
}

function without(flat: readonly string[], names: ReadonlySet<string>): string[] {
  const fields: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (!names.has(name.toLowerCase())) fields.push(name, flat[i + 1] as string);
  }
  return fields;
}

function presentNames(raw: readonly string[], wanted: ReadonlySet<string>): Set<string> {
  const present = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (wanted.has(name)) present.add(name);
  }
  return present;
}

/** Several lines joined with a comma. */
function joinedValue(raw: readonly string[], wanted: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    joined = joined === undefined ? (raw[i + 1] as string) : `${joined},${raw[i + 1]}`;
  }
  return joined;
}
