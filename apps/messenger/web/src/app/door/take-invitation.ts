import { invitationOf } from "./invitation.ts";

/** Reads the invitation from the address and takes it out of there: it must not stay in the history. */
export function takeInvitation(): string | null {
  const token = invitationOf(location.hash);
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}
