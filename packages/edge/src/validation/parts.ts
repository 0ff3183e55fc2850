/** The parts of a request as plain values, ready for a schema. What is too much or ambiguous is null: answer it with 400. */
import { fromUtf8 } from "@rempart/kernel";

export type Fields = Readonly<Record<string, string | readonly string[]>>;

const MAX_FIELDS = 200;
const MAX_DEPTH = 64;

/** A query as names and values, repeated names as lists, by the URL standard's own parser. Null for more than 200 fields. */
export function parseQuery(query: string): Fields | null {
  if (count(query, "&") >= MAX_FIELDS) return null;
  return gather(new URLSearchParams(query));
}

/** A `Cookie` header as names and values, as sent. Null for more than 200. A name that occurs twice is a list. */
export function parseCookies(header: string | undefined): Fields | null {
  if (header === undefined) return gather([]);
  if (count(header, ";") >= MAX_FIELDS) return null;
  const pairs = header.split(";").map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, Math.max(equals, 0)).trim(), pair.slice(equals + 1).trim()];
  });
  return gather(pairs.filter(([name]) => name !== ""));
}

function count(text: string, separator: string): number {
  let found = 0;
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1)) found += 1;
  return found;
}

/** Without a prototype: `__proto__` and `constructor` are names like any other. */
function gather(pairs: Iterable<readonly [string, string]>): Fields {
  const fields: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of pairs) {
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (typeof known === "string") fields[name] = [known, value];
    else known.push(value);
  }
  return fields;
}

export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/**
 * A JSON body (RFC 8259). Refused: bytes that are no UTF-8, nesting deeper than 64, and keys that later code could mistake
 * for an object's prototype. Its length is the edge's business.
 */
export function parseJson(body: Uint8Array): JsonBody {
  const text = fromUtf8(body);
  if (text === null) return { ok: false, reason: "not UTF-8" };
  if (nesting(text) > MAX_DEPTH) return { ok: false, reason: `nested deeper than ${MAX_DEPTH}` };
  try {
    const value: unknown = JSON.parse(text);
    if (hasPrototypeKey(value)) return { ok: false, reason: "a key that is not allowed" };
    return { ok: true, value };
  } catch {
    return { ok: false, reason: "not JSON" };
  }
}

/** How deep brackets open outside strings: counted before anything is built. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 34) isString = !isString;
    else if (code === 92) i += 1;
    else if (isString) continue;
    else if (code === 91 || code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 93 || code === 125) depth -= 1;
  }
  return deepest;
}

function hasPrototypeKey(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(hasPrototypeKey);
  if (Object.hasOwn(value, "__proto__")) return true;
  const made: unknown = Object.hasOwn(value, "constructor")
    ? (value as Record<string, unknown>).constructor
    : null;
  if (made !== null && typeof made === "object" && Object.hasOwn(made, "prototype")) return true;
  return Object.values(value).some(hasPrototypeKey);
}
