/** Every bound of the wire protocol, in one table. Sizes are bytes before base64url unless said otherwise. */
export const LIMITS = {
  /** One MLS application message. A 16 KiB text fits with room for padding and the ratchet's own fields. */
  applicationMessageBytes: 64 * 1024,
  /** One MLS commit: with suite X-Wing about 1.2 kB a device, with suite 1 far less. */
  commitBytes: 1024 * 1024,
  welcomeBytes: 4 * 1024 * 1024,
  groupInfoBytes: 4 * 1024 * 1024,
  keyPackageBytes: 16 * 1024,
  signatureKeyBytes: 2048,
  keyPackagesPerUpload: 100,
  keyPackagesPerDevice: 200,
  /** Events of an account's key log in one answer. */
  keyLogPage: 100,
  devicesPerUser: 10,
  devicesPerConversation: 2000,
  membersPerRequest: 1000,
  /** Above this many devices a group is created with suite 1; an X-Wing group is not grown past it. */
  postQuantumDevices: 100,
  textCharacters: 16_000,
  titleCharacters: 120,
  nameCharacters: 80,
  deviceNameCharacters: 80,
  messagesPerPage: 500,
  conversationsPerPage: 200,
  /** One WebSocket text frame, in UTF-8 bytes. */
  frameBytes: 128 * 1024,
} as const;

/** Milliseconds between two `beat` frames; a client that has heard nothing for twice as long reconnects. */
export const HEARTBEAT_MS = 25_000;
