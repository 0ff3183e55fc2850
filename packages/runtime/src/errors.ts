import { CodedError } from "@rempart/kernel";

export type RuntimeErrorCode =
  /** Environment variables are missing or wrong; the message lists every one of them. */
  | "invalid-configuration"
  /** A component's `start` rejected; what had started has been stopped. */
  | "start-failed"
  /** The process was told to stop while it was starting; what had started has been stopped. */
  | "start-aborted"
  /** A component ended by itself while the process was running. */
  | "component-ended"
  /** At least one component's `stop` rejected; all the others were stopped. */
  | "stop-failed"
  /** At least one component had not stopped when the time was up. */
  | "stop-deadline"
  /** A dependency did not answer within its budget. */
  | "dependency-timeout"
  /** A dependency's circuit breaker is open: it was not called. */
  | "dependency-open"
  /** A dependency answered with a failure, after every allowed attempt. */
  | "dependency-failed";

export class RuntimeError extends CodedError<RuntimeErrorCode> {}
