import { CodedError } from "@rempart/kernel";

export type ObservabilityErrorCode =
  /** A scraped page is not the text exposition format, or is out of bounds. `details.line` says where. */
  | "exposition-malformed"
  /** Two series of one side have the labels that the other side is matched by: there is no one answer. */
  | "ambiguous-match"
  /** What was kept of a history is damaged, out of bounds, or of another version. */
  | "history-unreadable"
  /** A question asks for more steps or series than one answer holds. */
  | "query-too-large"
  /** The monitor's thread ended, or was closed, before it answered. Ask again: it starts anew. */
  | "monitor-lost"
  /** A receiver's secret is missing or malformed, or two receivers have one name; the message says which. */
  | "invalid-configuration"
  /** A deployment or an incident with a text or a time out of bounds. `details.field` names it. */
  | "delivery-invalid";

export class ObservabilityError extends CodedError<ObservabilityErrorCode> {}
