/** What the routes about accounts carry: proofs, factors, passkeys and API keys. */
import { z } from "zod";
import { signedIn } from "./models.ts";
import { shownText, timestamp, uuid } from "./primitives.ts";

export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email({ error: "must be an e-mail address" }));

/** ASVS 5.0, 6.2.1 and 6.2.9: at least 8 characters, at least 64 allowed, any character. Counted in UTF-16 units. */
export const newPassword = z.string().min(8).max(256);

/** One that exists: judged by the server alone. */
export const presentPassword = z.string().max(256);

/** The secret of a link in a mail, or of a challenge. */
export const secretText = z.string().min(1).max(128);

/** The JSON form of what an authenticator answered (WebAuthn Level 3, section 5.1): looked at by the verifier only. */
const passkeyResponse = z.record(z.string().max(64), z.unknown());

/** What a page hands to `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`. */
const passkeyOptions = z.record(z.string(), z.unknown());

export const passkeyOptionsAnswer = z.strictObject({ options: passkeyOptions });

export const passkeyBody = z.strictObject({ response: passkeyResponse });

export const factorProof = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("totp"), code: z.string().max(32) }),
  z.strictObject({ method: z.literal("recovery-code"), code: z.string().max(64) }),
  z.strictObject({ method: z.literal("passkey"), response: passkeyResponse }),
]);
export type FactorProof = z.infer<typeof factorProof>;

export const secondFactor = z.enum(["totp", "passkey", "recovery-code"]);
export type SecondFactor = z.infer<typeof secondFactor>;

/** Signed in, or half-way: the account also asks for a second factor, within the time said. */
export const signInAnswer = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("signed-in"), ...signedIn.shape }),
  z.strictObject({
    status: z.literal("second-factor"),
    challenge: z.string(),
    expiresAt: timestamp,
    methods: z.array(secondFactor),
  }),
]);
export type SignInAnswer = z.infer<typeof signInAnswer>;

/** `verify-email`: a mail is on its way, and the account begins with the link in it. */
export const signUpAnswer = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("signed-in"), ...signedIn.shape }),
  z.strictObject({ status: z.literal("verify-email") }),
]);
export type SignUpAnswer = z.infer<typeof signUpAnswer>;

export const refreshAnswer = z.strictObject({
  ...signedIn.shape,
  /** A signed JWT (RFC 7519) for services that check it with the published keys. Null: none are issued here. */
  accessToken: z.string().nullable(),
  accessTokenExpiresAt: timestamp.nullable(),
});

export const passkey = z.strictObject({
  id: uuid,
  name: z.string(),
  createdAt: timestamp,
  lastUsedAt: timestamp.nullable(),
  /** Its provider copies it to other devices. */
  backedUp: z.boolean(),
});
export type Passkey = z.infer<typeof passkey>;

export const factors = z.strictObject({
  totp: z.strictObject({ id: uuid, createdAt: timestamp }).nullable(),
  passkeys: z.array(passkey),
  recoveryCodesLeft: z.int(),
});
export type Factors = z.infer<typeof factors>;

export const passkeyName = shownText(80);

/** Shown once; null when the account had some already. */
export const recoveryCodes = z.array(z.string()).nullable();

export const apiKey = z.strictObject({
  id: uuid,
  name: z.string(),
  /** The first characters, to tell keys apart. */
  prefix: z.string(),
  permissions: z.array(z.string()),
  createdAt: timestamp,
  /** Null: without end. */
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
});
export type ApiKey = z.infer<typeof apiKey>;
