import { CodedError } from "@rempart/kernel";

/** Why an act was refused. The codes that reach a person are those of the messenger's problem documents. */
export type IdentityErrorCode =
  /** `details.field` says which: `email`, `name` or `password`. */
  | "validation-failed"
  /** Unknown address or wrong password: the same code, wording and time. */
  | "wrong-credentials"
  /** `details.suspendedUntil`: Unix milliseconds, or null without end. Told only to who knows the password. */
  | "account-suspended"
  | "account-banned"
  | "email-taken"
  /** `details.reason`: a `PasswordWeakness`. */
  | "weak-password"
  | "invalid-invitation"
  /** Too many failed sign-ins. `details.retryAfterSeconds`: whole seconds to wait. */
  | "rate-limited"
  /** More sign-ins at once than the hash queue takes. `details.retryAfterSeconds`. */
  | "unavailable"
  | "unknown-user"
  /** An administrator exists already, so the first one cannot be invited any more. */
  | "forbidden";

export class IdentityError extends CodedError<IdentityErrorCode> {}
