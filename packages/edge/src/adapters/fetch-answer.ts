import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { type EdgeAnswer, isBodiless } from "../headers/answer.ts";
import { ADDED_TO } from "../headers/block.ts";

/** The edge's own answer as a Fetch `Response`. */
export function toResponse({ status, headers, body }: EdgeAnswer): Response {
  const list = new Headers();
  for (let i = 0; i < headers.length; i += 2) list.append(headers[i] as string, headers[i + 1] as string);
  return new Response(isBodiless(status) ? null : body, { status, headers: list });
}

/** A handler's response with everything the edge owes, and without what the handler may not say. */
export function hardened(edge: Edge, exchange: Exchange, response: Response): Response {
  const answer = mutable(response);
  writeOwed(edge, exchange, answer.headers);
  return answer;
}

/** The headers of a fetched response that a handler passes on cannot be changed: then a copy is answered. */
export function mutable(response: Response): Response {
  try {
    response.headers.delete("x-powered-by");
    return response;
  } catch {
    return new Response(response.body, response);
  }
}

export function writeOwed(edge: Edge, exchange: Exchange, headers: Headers): void {
  const owed = edge.headers(exchange);
  for (const name of [...headers.keys()]) if (edge.owns(name)) headers.delete(name);
  for (let i = 0; i < owed.length; i += 2) {
    const name = owed[i] as string;
    const value = owed[i + 1] as string;
    if (!ADDED_TO.has(name.toLowerCase()) || !says(headers, name, value)) headers.append(name, value);
  }
}

/** Whether the handler's own answer, perhaps one of ours that it passes on, says so already. */
function says(headers: Headers, name: string, value: string): boolean {
  if (name === "Set-Cookie") return headers.getSetCookie().includes(value);
  const listed = headers.get(name);
  return listed?.split(",").some((item) => item.trim() === value) ?? false;
}
