import { type Bytes, fromUtf8, isUuid, utf8 } from "@rempart/kernel";

/** Whose leaf it is: a user's device. */
export interface DeviceIdentity {
  readonly userId: string;
  readonly deviceId: string;
}

/** Two UUIDs and the slash between them. */
const IDENTITY_LENGTH = 73;

/** The identity of a basic credential (RFC 9420, section 5.3): `<userId>/<deviceId>` in UTF-8. */
export function encodeIdentity(device: DeviceIdentity): Bytes {
  if (!isUuid(device.userId) || !isUuid(device.deviceId))
    throw new TypeError("an identity is made of two UUIDs");
  return utf8(`${device.userId}/${device.deviceId}`);
}

/** Null for anything but exactly two canonical UUIDs joined by a slash. */
export function decodeIdentity(bytes: Uint8Array): DeviceIdentity | null {
  if (bytes.length !== IDENTITY_LENGTH) return null;
  const text = fromUtf8(bytes);
  if (text === null || text[36] !== "/") return null;
  const userId = text.slice(0, 36);
  const deviceId = text.slice(37);
  return isUuid(userId) && isUuid(deviceId) ? { userId, deviceId } : null;
}
