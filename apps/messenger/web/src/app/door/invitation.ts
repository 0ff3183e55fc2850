/** The token of `#invitation=<token>`, or null. */
export function invitationOf(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("invitation");
  return token === null || token === "" || token.length > 128 ? null : token;
}

/** Reads the invitation from the address and takes it out of there: it must not stay in the history. */
export function takeInvitation(): string | null {
  const token = invitationOf(location.hash);
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}
