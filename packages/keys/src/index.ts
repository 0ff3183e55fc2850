export { describeEnvelope, type EnvelopeDescription } from "./envelope/describe.ts";
export { KeysError, type KeysErrorCode } from "./errors.ts";
export type { FailoverReason, KeysEvent, KeysObserver } from "./events.ts";
export { type BlindIndex, type BlindIndexOptions, blindIndex } from "./fields/blind-index.ts";
export {
  type EncryptedField,
  type EncryptedFieldOptions,
  encryptedField,
  type SealedField,
} from "./fields/field.ts";
export type { FieldKind, PostalAddress } from "./fields/kinds.ts";
export * as fieldKinds from "./fields/kinds.ts";
export {
  maskAddress,
  maskCard,
  maskEmail,
  maskIban,
  maskName,
  maskPhone,
} from "./fields/mask.ts";
export { normaliseEmail, normalisePhone, normaliseText } from "./fields/normalise.ts";
export { type CbcKeys, openImportedCbc } from "./import/cbc.ts";
export type { ProviderCalls } from "./keyring/guard.ts";
export { createKeyring, type Keyring, type KeyringOptions } from "./keyring/keyring.ts";
export type { OpenedKeysLimits } from "./keyring/opened-keys.ts";
export type { KeyLimits } from "./keyring/sealing-key.ts";
export { keysMigrations } from "./migrations.ts";
export type { Envelopes, KeyProvider, SealedStreams, Where, WrappedKey } from "./ports.ts";
export { type AwsKmsOptions, awsKms } from "./providers/aws/aws-kms.ts";
export {
  type LocalKeyFile,
  type LocalKeyFilePorts,
  type LocalKeyVersion,
  localKeyFile,
} from "./providers/local/local-key-file.ts";
export { type Pkcs11Options, type Pkcs11Provider, pkcs11Provider } from "./providers/pkcs11/provider.ts";
export { type VaultTransitOptions, vaultTransit } from "./providers/vault/vault-transit.ts";
export {
  type RewrapOptions,
  type RewrapProgress,
  type RewrapSource,
  rewrap,
  type SealedRow,
} from "./rewrap/rewrap.ts";
export { type RewrapScheduleOptions, rewrapSchedule } from "./rewrap/schedule.ts";
export { credentialFile } from "./rotation/database/credential-file.ts";
export {
  type CredentialStore,
  type DatabaseRotation,
  type DatabaseRotationOptions,
  databaseRotation,
  type RotationOutcome,
  type RotationStep,
} from "./rotation/database/rotation.ts";
export { countEnvelopes, type EnvelopeColumn, envelopeColumn } from "./rotation/envelope-column.ts";
export { localKeyRotation } from "./rotation/local-key.ts";
export {
  type Queryable,
  ROTATION_PURPOSES,
  type Rotatable,
  type RotationPurpose,
  type TransactionalDatabase,
} from "./rotation/ports.ts";
export {
  type SecretVersion,
  type VersionedSecrets,
  type VersionedSecretsOptions,
  versionedSecrets,
} from "./rotation/secret-versions.ts";
export { type KeyStatus, MAX_AGE_MS, statusOf } from "./rotation/status.ts";
export { type VersionedMac, versionedMac } from "./rotation/versioned-mac.ts";
export type { KeyState, KeyVersion } from "./rotation/versions.ts";
export { type AwsSecretsOptions, awsSecrets } from "./secrets/aws-secrets-manager.ts";
export { environmentSecrets } from "./secrets/environment.ts";
export { fileSecrets } from "./secrets/file.ts";
export type { SecretEvent, SecretObserver, SecretProvider } from "./secrets/ports.ts";
export { createSecrets, type Secrets, type SecretsOptions } from "./secrets/secrets.ts";
export { type VaultKvOptions, vaultSecrets } from "./secrets/vault-kv.ts";
export type { VaultConnection } from "./vault/request.ts";
