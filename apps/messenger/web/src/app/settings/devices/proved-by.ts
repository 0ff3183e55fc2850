export type ProvedBy = "passkey" | "password-and-code" | "password";

/** How somebody proved who they are, out of the methods of RFC 8176. */
export function provedBy(amr: readonly string[]): ProvedBy {
  if (amr.includes("pop")) return "passkey";
  return amr.includes("otp") ? "password-and-code" : "password";
}
