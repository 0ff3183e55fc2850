export type { Envelopes, Where } from "@rempart/keys";

/** The relying party of WebAuthn: the domain passkeys are made for, and the pages that may ask for them. */
export interface PasskeySite {
  /** A registrable domain, or `localhost`. Passkeys are lost when it changes. */
  readonly rpId: string;
  readonly rpName: string;
  /** Such as `https://messenger.example`, exactly as a browser sends it. */
  readonly origins: readonly string[];
}

export type MailKind =
  /** `token`, `name`. Following the link proves the address, or finishes a sign-up. */
  | "verify-email"
  /** To the owner of an address somebody tried to sign up or change to. No values. */
  | "email-taken"
  /** `token`. */
  | "reset-password"
  /** `cause`: `change` or `reset`. */
  | "password-changed"
  /** `address`, `userAgent`: attacker-controlled text. */
  | "new-sign-in"
  /** To the new address. `token`. */
  | "confirm-email-change"
  /** To the old address. `token` undoes it; `email` is the new address. */
  | "email-changed"
  /** To the address that was restored. */
  | "email-restored"
  /** `factor`: `totp` or `passkey`. */
  | "factor-added"
  | "factor-removed"
  /** `left`: how many codes are left. */
  | "recovery-code-used"
  | "recovery-codes-replaced";

export interface Mail {
  /** The same at every try, so that a provider that knows idempotency keys sends it once. */
  readonly id: string;
  readonly to: string;
  readonly kind: MailKind;
  /** A language tag of RFC 5646. */
  readonly language: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Sends mails; wording and links are the app's. Called after the act has committed, again when it rejects, and again when the
 * process died before its answer was noted: a mail may arrive twice, never not at all while it is of use.
 */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
