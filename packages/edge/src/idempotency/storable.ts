import type { Exchange } from "../exchange.ts";
import type { HeaderBlock } from "../headers/block.ts";
import type { StoredAnswer } from "./store.ts";

/** Not repeated: of one connection, of one moment, or a secret that must not lie in a store. */
const LEFT_OUT = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "set-cookie",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * An answer as it can be repeated: without what the edge owes every answer, which the next one gets afresh. Null when its
 * body is in a coding that the next request may not understand.
 */
export function storable(
  status: number,
  headers: readonly string[],
  body: string,
  { write, owns }: HeaderBlock,
  exchange: Exchange,
): StoredAnswer | null {
  const owed = linesOf(write(exchange));
  const lines = linesOf(headers).filter(([name]) => !LEFT_OUT.has(name.toLowerCase()));
  if (lines.some(([name]) => name.toLowerCase() === "content-encoding")) return null;
  const kept = lines.filter(
    ([name, value]) =>
      !owns(name.toLowerCase()) &&
      !owed.some(
        ([owedName, owedValue]) => owedValue === value && owedName.toLowerCase() === name.toLowerCase(),
      ),
  );
  return { status, headers: kept.flat(), body };
}

function linesOf(flat: readonly string[]): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) lines.push([flat[i] as string, flat[i + 1] as string]);
  return lines;
}
