import { fromBase64Url, toHex } from "@rempart/kernel";
import type { KeyLogState, LoggedDevice } from "./follow.ts";
import { primitives } from "./primitives.ts";

/** A device as somebody other than the log knows it. */
export interface SeenDevice {
  readonly id: string;
  /** base64url. */
  readonly signatureKey: string;
  readonly revoked: boolean;
}

/**
 * Whether the log tells of the same devices as everybody else: each that acts for the account, or is said to, with its key,
 * and none in use that `listed`, the server's own list, leaves out.
 */
export function agrees(
  { devices }: KeyLogState,
  listed: readonly SeenDevice[],
  others: readonly SeenDevice[],
): boolean {
  const told = new Set(listed.map(({ id }) => id));
  const inUse = Object.entries(devices).filter(([, { revoked }]) => !revoked);
  return (
    [...listed, ...others].every((seen) => isLogged(devices[seen.id], seen)) &&
    inUse.every(([id]) => told.has(id))
  );
}

function isLogged(logged: LoggedDevice | undefined, { signatureKey, revoked }: SeenDevice): boolean {
  if (logged === undefined || logged.fingerprint !== fingerprintOf(signatureKey)) return false;
  return revoked || !logged.revoked;
}

function fingerprintOf(signatureKey: string): string | null {
  const key = fromBase64Url(signatureKey);
  return key && toHex(primitives.sha256(key));
}
