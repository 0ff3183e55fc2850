import { CodedError } from "@rempart/kernel";
import { PROBLEMS, type ProblemCode } from "@rempart/messaging/contract";
import type { FailureCode } from "../client/api.ts";

/**
 * `fenced`: another tab owns the state now, nothing was written. `unreadable`: a stored record does not decrypt.
 * `closed`: the account was closed while the work was under way. The rest reach the screens as they are.
 */
export type CoreErrorCode = FailureCode | "fenced" | "unreadable" | "closed";

export class CoreError extends CodedError<CoreErrorCode> {
  /** Seconds the server asks to wait, when it does. */
  get retryAfterSeconds(): number | undefined {
    const seconds = this.details.retryAfterSeconds;
    return typeof seconds === "number" ? seconds : undefined;
  }

  /** With `conversation-exists`: the one that does. */
  get conversationId(): string | undefined {
    const id = this.details.conversationId;
    return typeof id === "string" ? id : undefined;
  }
}

export function failsWith(error: unknown, ...codes: readonly CoreErrorCode[]): error is CoreError {
  return error instanceof CoreError && codes.includes(error.code);
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** What the screens are told. Codes of the inside become `internal`; anything foreign too. */
export function failureCode(error: unknown): FailureCode {
  if (!(error instanceof CoreError)) return "internal";
  switch (error.code) {
    case "fenced":
    case "unreadable":
    case "closed":
      return "internal";
    default:
      return error.code;
  }
}

/** The network said nothing certain: the same request may be sent again. */
export function isTransient(error: unknown): boolean {
  return failsWith(
    error,
    "offline",
    "timeout",
    "unavailable",
    "rate-limited",
    "internal-error",
    "request-timeout",
    "temporary-reduced-capacity",
  );
}
