export { type CommitInfo, inspectCommit } from "./commit.ts";
export { type DeviceIdentity, decodeIdentity, encodeIdentity } from "./identity.ts";
export { inspectKeyPackage, type KeyPackageInfo, verifyKeyPackage } from "./key-package.ts";
export {
  type ContentType,
  type GroupInfoInfo,
  inspectGroupInfo,
  inspectMlsMessage,
  type MlsMessageInfo,
} from "./message.ts";
export type { LeafIdentity, Sender } from "./structures.ts";
