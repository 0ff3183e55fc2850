import { fromUtf8 } from "@rempart/kernel";
import { parseJson, parseQuery } from "./parts.ts";

export type BodyParsing =
  | { readonly kind: "parsed"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "unsupported" };

const FORM = "application/x-www-form-urlencoded";
const MAX_TYPE = 200;

/** A body as its `Content-Type` says: JSON, a form or text. Nothing at all is undefined, whatever its type. */
export function parseBody(bytes: Uint8Array, contentType = ""): BodyParsing {
  if (bytes.length === 0) return { kind: "parsed", value: undefined };
  const type = mediaType(contentType);
  if (type === "application/json" || type.endsWith("+json")) {
    const json = parseJson(bytes);
    return json.ok ? { kind: "parsed", value: json.value } : { kind: "malformed", reason: json.reason };
  }
  if (type !== FORM && type !== "text/plain") return { kind: "unsupported" };
  const text = fromUtf8(bytes);
  if (text === null) return { kind: "malformed", reason: "not UTF-8" };
  const value = type === FORM ? parseQuery(text) : text;
  return value === null ? { kind: "malformed", reason: "too many fields" } : { kind: "parsed", value };
}

/** `type/subtype` in lower case, without parameters (RFC 9110, 8.3.1). */
function mediaType(header: string): string {
  if (header.length > MAX_TYPE) return "";
  const semicolon = header.indexOf(";");
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}
