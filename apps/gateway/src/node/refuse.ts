import type { IncomingMessage } from "node:http";
import { isForwardable } from "../core/target.ts";
import { GatewayError } from "../errors.ts";

/** Methods whose bodies mean nothing (RFC 9110, 9.3): a service that ignores one would take it for the next request. */
const BODILESS = new Set(["GET", "HEAD"]);

/** Throws `refused-request` for what the edge lets pass, but two readers in a row might read differently. */
export function refuseAmbiguous({ method = "", url = "", headers }: IncomingMessage): void {
  if (!isForwardable(url)) throw refused("the target's path is ambiguous");
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") throw refused("an unknown transfer coding");
  const hasBody = coding !== undefined || (headers["content-length"] ?? "0") !== "0";
  if (hasBody && BODILESS.has(method)) throw refused(`a ${method} with a body`);
}

function refused(what: string): GatewayError {
  return new GatewayError("refused-request", `Refused: ${what}`);
}
