export { MessagingError, type MessagingErrorCode } from "./errors.ts";
export { createMlsEngine, suiteFor } from "./mls-engine.ts";
export type {
  Consumed,
  CryptoEngine,
  Decrypted,
  DeviceChange,
  DeviceDirectory,
  DeviceKeys,
  Group,
  IncomingCommit,
  KeyPackage,
  Leaf,
  OutgoingCommit,
  Step,
} from "./types.ts";
