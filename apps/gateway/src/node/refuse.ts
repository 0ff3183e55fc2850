import type { IncomingMessage, ServerResponse } from "node:http";
import { isForwardable } from "../core/target.ts";
import { GatewayError } from "../errors.ts";

/** Methods whose bodies mean nothing (RFC 9110, 9.3): a service that ignores one would take it for the next request. */
const BODILESS = new Set(["GET", "HEAD"]);

/**
 * Throws `refused-request` for what the edge lets pass, but two readers in a row might read differently. The connection of
 * `response` ends with the refusal: what stands behind may be no request either.
 */
export function refuseAmbiguous(request: IncomingMessage, response?: ServerResponse): void {
  const ambiguity = ambiguityOf(request);
  if (ambiguity === null) return;
  if (response !== undefined) response.shouldKeepAlive = false;
  throw new GatewayError("refused-request", `Refused: ${ambiguity}`);
}

function ambiguityOf({ method = "", url = "", headers, httpVersion }: IncomingMessage): string | null {
  // Node's parser takes 0.9 and 2.0 too, and reads them as 1.1.
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return "another version of HTTP";
  if (!isForwardable(url)) return "the target's path is ambiguous";
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return "an unknown transfer coding";
  // RFC 9112, 6.1: whoever sends it has not understood its own message.
  if (coding !== undefined && httpVersion === "1.0") return "a transfer coding in HTTP/1.0";
  const hasBody = coding !== undefined || (headers["content-length"] ?? "0") !== "0";
  return hasBody && BODILESS.has(method) ? `a ${method} with a body` : null;
}
