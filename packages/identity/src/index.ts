export type { Administration } from "./administration/administration.ts";
export type { AccountStatus } from "./administration/authority.ts";
export type { AccountToCreate } from "./administration/create-account.ts";
export type { UserExport } from "./administration/export.ts";
export type { Ban, Suspension } from "./administration/moderation.ts";
export type { ResetLink } from "./administration/reset-link.ts";
export type { UserPage, UserSearch, UserSummary } from "./administration/search.ts";
export type { ApiKeys, IssuedApiKey, NewApiKey } from "./api-keys/api-keys.ts";
export type { ApiKey } from "./api-keys/store.ts";
export {
  type AttemptPolicy,
  defaultConfig,
  type IdentityConfig,
  type IdentityConfigInput,
} from "./config.ts";
export type { Observe } from "./context.ts";
export { clearSessionCookie, parseSessionCookie, SESSION_COOKIE, serialiseSessionCookie } from "./cookie.ts";
export type { PasswordChange } from "./credentials/change-password.ts";
export type { Credentials } from "./credentials/credentials.ts";
export type { FindUsers, GetUsersOptions } from "./directory.ts";
export { normaliseEmail } from "./email.ts";
export { IdentityError, type IdentityErrorCode } from "./errors.ts";
export type { IdentityEvent } from "./events.ts";
export { assuranceRefusal, demandsMfa, isFresh } from "./factors/assurance.ts";
export type { EnrolledFactor, TotpEnrolment } from "./factors/enrol-totp.ts";
export type { Factors } from "./factors/factors.ts";
export type { FactorProof } from "./factors/prove.ts";
export type { SecondFactors } from "./factors/second-factors.ts";
export type { StepUpProof } from "./factors/step-up.ts";
export type { TotpFactor } from "./factors/totp-factor.ts";
export { createIdentity, type Identity, type IdentityOptions } from "./identity.ts";
export type { Invitation } from "./invitations.ts";
export { identityMigrations } from "./migrations.ts";
export type { PasskeyCreation, PasskeyRequest } from "./passkeys/options.ts";
export type { NewPasskeyInput } from "./passkeys/register.ts";
export type { Passkey } from "./passkeys/store.ts";
export type { PasswordHasher } from "./passwords/hasher.ts";
export type { PasswordWeakness } from "./passwords/policy.ts";
export type { Envelopes, Mail, Mailer, MailKind, PasskeySite, Where } from "./ports.ts";
export { identityPurges } from "./purges.ts";
export {
  type Actor,
  type ActorRef,
  type Operator,
  principalOf,
  type Subject,
  subjectOfClaims,
  subjectOfSession,
} from "./roles/actor.ts";
export { isPermission, PERMISSIONS, type Permission } from "./roles/permissions.ts";
export { permitted, type Refusal, type Resource, type Verdict } from "./roles/permitted.ts";
export type { SignUpInput } from "./sign-in/sign-up.ts";
export type { TenantInvitation } from "./tenants/invitations.ts";
export type { Member, Membership, Tenant } from "./tenants/store.ts";
export type { Tenants } from "./tenants/tenants.ts";
export type { Ticket } from "./tickets.ts";
export type { AccessToken } from "./tokens/access-tokens.ts";
export type { AccessClaims } from "./tokens/claims.ts";
export type { SigningJwk } from "./tokens/key-material.ts";
export type { SigningKeyVersion } from "./tokens/signing-keys.ts";
export type { Refreshed, SigningKeyRotation, Tokens } from "./tokens/token-service.ts";
export type {
  Account,
  Authenticated,
  AuthMethod,
  Client,
  EndReason,
  Person,
  Role,
  SecondFactor,
  SecondFactorNeeded,
  Session,
  SessionEnded,
  SignedIn,
  SignInResult,
  SignUpResult,
} from "./types.ts";
