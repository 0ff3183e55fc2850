/** What server and client share beside the contract: the framing of MLS messages, bodies, safety numbers. */

export {
  type BodyCheck,
  type BodyRefusal,
  type Content,
  checkReceived,
  content,
  type DeviceEnvelope,
  type MessageBody,
  type ReceivedBody,
  type SealedBody,
  sealBody,
  verifyFranking,
} from "./body/index.ts";
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
export { type SafetyNumber, type SafetyNumberSide, safetyNumber } from "./safety/safety-number.ts";
