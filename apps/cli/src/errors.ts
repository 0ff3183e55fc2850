import { CodedError } from "@rempart/kernel";

export type CliErrorCode =
  /** No password was given, or two that differ. */
  | "no-password"
  /** What the command reads was never set up in this database. */
  | "not-set-up"
  /** A file is there already, or may not be written. */
  | "not-written"
  /** No incident that goes on has this id. */
  | "no-such-incident"
  /** The running server cannot be asked. */
  | "server-away";

export class CliError extends CodedError<CliErrorCode> {}
