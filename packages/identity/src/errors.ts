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
  /** Unknown, used or expired: a link is good once. */
  | "invalid-link"
  /** The code or the passkey's answer is not right. */
  | "wrong-factor"
  /** The sign-in or ceremony this belongs to is unknown, over or somebody else's: begin again. */
  | "invalid-challenge"
  /** The session must prove itself again before this act. */
  | "step-up-required"
  /** The role demands a second factor, and the account has none: it may enrol one, and nothing else. */
  | "mfa-enrolment-required"
  /** The role demands a second factor: the last one stays. */
  | "last-factor"
  | "unknown-factor"
  /** The account has as many passkeys as it may. */
  | "too-many-passkeys"
  /** This installation sends no mail, or has no passkeys. */
  | "not-configured"
  /** The session ended while the request was under way. */
  | "session-ended"
  /** An access token would exceed `tokens.maxBytes`. `details`: `sizeBytes`, `maxBytes`. */
  | "token-too-large"
  /** The installation's last active administrator, or an organisation's last owner, stays. */
  | "last-administrator"
  | "unknown-tenant"
  /** The person is no member of this organisation, or is one already. */
  | "not-a-member"
  | "already-member"
  | "unknown-api-key"
  | "unknown-signing-key"
  /** Its tokens are accepted still. */
  | "signing-key-in-use"
  /** The account has as many API keys, or the organisation as many members, as it may. */
  | "too-many"
  /** An administrator exists already, so the first one cannot be invited any more. */
  | "forbidden";

export class IdentityError extends CodedError<IdentityErrorCode> {}
