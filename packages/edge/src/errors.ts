import { CodedError } from "@rempart/kernel";

/**
 * - `invalid-configuration`: refused at start; `details.field` names the setting.
 * - `body-too-large`: the request's body stream passed its limit while it was read.
 * - `fetch-refused`: a target that is not fetched for strangers; `details.reason` says why.
 * - `fetch-too-large`, `fetch-timed-out`, `fetch-failed`: what the target did instead of answering.
 * - `invalid-bans`: a snapshot of bans was refused; `details.field` names the entry.
 */
export type EdgeErrorCode =
  | "invalid-configuration"
  | "body-too-large"
  | "fetch-refused"
  | "fetch-too-large"
  | "fetch-timed-out"
  | "fetch-failed"
  | "invalid-bans";

export class EdgeError extends CodedError<EdgeErrorCode> {}

export function invalid(field: string, reason: string): EdgeError {
  return new EdgeError("invalid-configuration", `${field}: ${reason}`, { details: { field } });
}
