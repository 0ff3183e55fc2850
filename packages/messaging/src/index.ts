/** What server and client share beside the contract: the framing of MLS messages. */
export {
  type CommitInfo,
  type ContentType,
  type DeviceIdentity,
  decodeIdentity,
  encodeIdentity,
  type GroupInfoInfo,
  inspectCommit,
  inspectGroupInfo,
  inspectKeyPackage,
  inspectMlsMessage,
  type KeyPackageInfo,
  type LeafIdentity,
  type MlsMessageInfo,
  type Sender,
  verifyKeyPackage,
} from "./framing/index.ts";
