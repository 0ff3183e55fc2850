import { CodedError } from "@rempart/kernel";

export type MessengerErrorCode =
  /** An address cannot be listened on: taken, or not ours to take. */
  | "listen-failed"
  /** The writer is stopping or the database is gone; the caller may try again with the same id. */
  | "unavailable"
  /** The database answered something its own constraints exclude. */
  | "inconsistent";

export class MessengerError extends CodedError<MessengerErrorCode> {}
