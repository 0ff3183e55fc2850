/** Key services and the wire they speak over, which break on demand. */
export {
  AWS_IDENTITY,
  KEY_ARN,
  OTHER_ARN,
  STRANGER_ARN,
  startAwsKms,
  startVaultTransit,
  VAULT_TOKEN,
} from "./kms/kms-servers.ts";
export { awsError, awsFaults, vaultErrors, vaultFaults } from "./kms/refusals.ts";
export { type AwsIdentity, isSigned } from "./kms/sigv4.ts";
export { type Answer, type Fault, startWireServer, type Wire, type WireServer } from "./wire-server.ts";
