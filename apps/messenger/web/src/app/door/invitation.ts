/** The token of `#invitation=<token>`, or null. */
export function invitationOf(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("invitation");
  return token === null || token === "" || token.length > 128 ? null : token;
}
