import type { Account } from "@rempart/messaging/contract";
import type { Me } from "../../client/api.ts";

/** What the screens know of the account that is signed in. */
export function meOf(
  { id, name, email, emailVerifiedAt, role, mfaEnabled, mfaRequired }: Account,
  deviceId: string | null,
): Me {
  return {
    id,
    name,
    email,
    emailVerified: emailVerifiedAt !== null,
    role,
    mfaEnabled,
    mfaRequired,
    deviceId,
  };
}
