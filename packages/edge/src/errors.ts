import { CodedError } from "@rempart/kernel";

/**
 * - `invalid-configuration`: refused at start; `details.field` names the setting.
 * - `body-too-large`: the request's body stream passed its limit while it was read.
 */
export type EdgeErrorCode = "invalid-configuration" | "body-too-large";

export class EdgeError extends CodedError<EdgeErrorCode> {}

export function invalid(field: string, reason: string): EdgeError {
  return new EdgeError("invalid-configuration", `${field}: ${reason}`, { details: { field } });
}
