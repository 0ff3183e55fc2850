/** How the body of a request to the upstream is framed. */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly text: string }
  | { readonly kind: "chunked" };

/**
 * The head of a request, ready for the wire. Every text comes out of a strict HTTP parser or this process, so none holds
 * a line break. Framing is written last and once, and `Host` first (RFC 9112, 3.2).
 */
export function writeRequestHead(
  method: string,
  target: string,
  host: string,
  fields: readonly string[],
  framing: BodyFraming,
): string {
  let head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  if (framing.kind === "length") head += `Content-Length: ${framing.text}\r\n`;
  else if (framing.kind === "chunked") head += "Transfer-Encoding: chunked\r\n";
  return `${head}\r\n`;
}
