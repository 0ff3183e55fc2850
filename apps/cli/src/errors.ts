import { CodedError } from "@rempart/kernel";

export type CliErrorCode =
  /** No password was given, or two that differ. */
  | "no-password"
  /** A file is there already, or may not be written. */
  | "not-written";

export class CliError extends CodedError<CliErrorCode> {}
