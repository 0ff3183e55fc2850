/** What a condition of a plan asks of columns, when all it does is compare them. */
export interface FilterColumns {
  readonly equal: readonly string[];
  readonly range: readonly string[];
}

const COMPARISON =
  /^\(*(?:(?:"(?:[^"]|"")+"|[a-z_][\w$]*)\.)?("(?:[^"]|"")+"|[a-z_][\w$]*)\)?(?:::[a-z ]+)? (=|<|>|<=|>=) (\$\d+|'(?:[^']|'')*'(?:::[\w "]+)?|-?[\d.]+|ANY \(\$\d+\)|\(?(?:now|statement_timestamp|clock_timestamp)\(\)[^()]*\)?|CURRENT_\w+)(?:::[a-z ]+)?\)*$/;

/** Longer conditions are nobody's filter. */
const LONGEST = 2_000;

/**
 * Columns of a condition like `((t.status = $1) AND (t.created_at > $2))`, as `EXPLAIN (VERBOSE)` writes it. Null when a part
 * joined by OR decides, or when no part compares a bare column with a value.
 */
export function filterColumns(filter: string): FilterColumns | null {
  if (filter.length > LONGEST) return null;
  const parts = conjuncts(filter);
  const equal: string[] = [];
  const range: string[] = [];
  for (const part of parts) {
    const found = COMPARISON.exec(part);
    if (found === null) continue;
    const column = unquoted(found[1] ?? "");
    (found[2] === "=" ? equal : range).push(column);
  }
  if (equal.length + range.length === 0) return null;
  return { equal: [...new Set(equal)], range: [...new Set(range)].filter((name) => !equal.includes(name)) };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** Split at ANDs of the outermost level, outside of quotes. */
function conjuncts(filter: string): string[] {
  const inner = wrapped(filter) ? filter.slice(1, -1) : filter;
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < inner.length; at += 1) {
    const character = inner[at] ?? "";
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (depth === 0 && inner.startsWith(" AND ", at)) {
      parts.push(inner.slice(start, at));
      start = at + 5;
    }
  }
  return [...parts, inner.slice(start)];
}

/** Whether the first bracket closes with the last. */
function wrapped(text: string): boolean {
  if (!text.startsWith("(") || !text.endsWith(")")) return false;
  let depth = 0;
  let quote = "";
  for (let at = 0; at < text.length - 1; at += 1) {
    const character = text[at] ?? "";
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    if (depth === 0 && quote === "") return false;
  }
  return true;
}
