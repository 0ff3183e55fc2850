export { KeysError, type KeysErrorCode } from "./errors.ts";
export type { FailoverReason, KeysEvent, KeysObserver } from "./events.ts";
export type { ProviderCalls } from "./keyring/guard.ts";
export { createKeyring, type Keyring, type KeyringOptions } from "./keyring/keyring.ts";
export type { OpenedKeysLimits } from "./keyring/opened-keys.ts";
export type { KeyLimits } from "./keyring/sealing-key.ts";
export type { Envelopes, KeyProvider, Where, WrappedKey } from "./ports.ts";
export { type AwsKmsOptions, awsKms } from "./providers/aws/aws-kms.ts";
export {
  type LocalKeyFile,
  type LocalKeyFilePorts,
  type LocalKeyVersion,
  localKeyFile,
} from "./providers/local/local-key-file.ts";
export { type VaultTransitOptions, vaultTransit } from "./providers/vault/vault-transit.ts";
export type { VaultConnection } from "./vault/request.ts";
