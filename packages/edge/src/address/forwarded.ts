/** Longest header worth reading, in characters; what lies further left was written by someone we do not trust anyway. */
const MAX_HEADER = 4096;
const MAX_ELEMENTS = 64;

/**
 * The element that the outermost trusted proxy wrote: the `hops`-th from the right, or the leftmost one when the list is
 * shorter. Reads from the right, so a long list costs only its trusted end.
 */
export function trustedListElement(list: string, hops: number): string {
  let end = list.length;
  for (let hop = 1; hop < hops; hop += 1) {
    const comma = lastComma(list, end);
    if (comma < 0) break;
    end = comma;
  }
  return list.slice(lastComma(list, end) + 1, end).trim();
}

function lastComma(list: string, before: number): number {
  return before === 0 ? -1 : list.lastIndexOf(",", before - 1);
}

export interface ForwardedElement {
  readonly for: string | null;
  readonly proto: string | null;
}

/** The trusted element of a `Forwarded` header (RFC 7239, section 4), or null when the header is malformed or too long. */
export function trustedForwardedElement(header: string, hops: number): ForwardedElement | null {
  if (header.length > MAX_HEADER) return null;
  const elements = splitOutsideQuotes(header, ",");
  if (elements === null || elements.length > MAX_ELEMENTS) return null;
  const element = elements[Math.max(0, elements.length - hops)];
  return element === undefined ? null : parseElement(element);
}

function parseElement(element: string): ForwardedElement | null {
  const pairs = splitOutsideQuotes(element, ";");
  if (pairs === null) return null;
  let address: string | null = null;
  let proto: string | null = null;
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) return null;
    const name = pair.slice(0, equals).trim().toLowerCase();
    const value = unquote(pair.slice(equals + 1).trim());
    if (value === null) return null;
    if (name === "for") {
      if (address !== null) return null;
      address = value;
    } else if (name === "proto") {
      if (proto !== null) return null;
      proto = value.toLowerCase();
    }
  }
  return { for: address, proto };
}

/** Null for a quoted string that does not end. */
function splitOutsideQuotes(text: string, separator: string): string[] | null {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (isQuoted && char === "\\") i += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && char === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (isQuoted) return null;
  parts.push(text.slice(start));
  return parts;
}

function unquote(value: string): string | null {
  if (!value.startsWith('"')) return value.includes('"') ? null : value;
  if (value.length < 2 || !value.endsWith('"')) return null;
  return value.slice(1, -1).replaceAll("\\", "");
}
