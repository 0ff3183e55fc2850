import { CodedError } from "@rempart/kernel";

/**
 * - `invalid-configuration`: refused at start; `details.fields` names the settings.
 * - `listen-failed`: a listener could not be opened.
 * - `invalid-certificate`: a certificate, its key or their match was refused.
 * - `refused-request`: a request that is not passed on, since two readers might read it differently.
 * - `no-route`: no route of the configuration serves this path.
 * - `upstream-unavailable`: no target is up, the circuit is open, or every connection is taken.
 * - `upstream-unreachable`: the connection could not be made, or broke before the answer's head.
 * - `upstream-timeout`: the connection, the head or the next bytes did not come in time; `details.phase` says which.
 * - `upstream-protocol`: what came is no HTTP answer, or one that two readers might read differently.
 * - `upstream-refused-upgrade`: the upstream answered the handshake with something else; `details.status` is its status.
 */
export type GatewayErrorCode =
  | "invalid-configuration"
  | "listen-failed"
  | "invalid-certificate"
  | "refused-request"
  | "no-route"
  | "upstream-unavailable"
  | "upstream-unreachable"
  | "upstream-timeout"
  | "upstream-protocol"
  | "upstream-refused-upgrade";

export class GatewayError extends CodedError<GatewayErrorCode> {}

export function protocolError(what: string): GatewayError {
  return new GatewayError("upstream-protocol", `The upstream's answer cannot be trusted: ${what}`);
}
