/** Members whose name says that the value is nobody's business. */

const SECRET_WORDS = [
  "password",
  "passwd",
  "passphrase",
  "passcode",
  "pwd",
  "secret",
  "token",
  "apikey",
  "privatekey",
  "signingkey",
  "encryptionkey",
  "masterkey",
  "accesskey",
  "authorization",
  "cookie",
  "credential",
  "otp",
  "totp",
  "recoverycode",
  "pin",
  "cvv",
  "cvc",
  "cardnumber",
  "ssn",
  "socialsecurity",
  "iban",
  "jwt",
  "bearer",
  "seed",
  "mnemonic",
] as const;

/** Short words stand for themselves only: `pin` is a secret, `shipping` and `opinion` are not. */
const WHOLE_WORDS: ReadonlySet<string> = new Set(SECRET_WORDS.filter((word) => word.length <= 4));
const PARTS = SECRET_WORDS.filter((word) => word.length > 4);

/** `userPassword`, `api-key`, `X_Session_Token`: true however it is spelled. */
export function namesSecret(name: string): boolean {
  const words = name
    .slice(0, 200)
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => WHOLE_WORDS.has(word))) return true;
  const joined = words.join("");
  return PARTS.some((part) => joined.includes(part));
}
