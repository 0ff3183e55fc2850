export {
  type BodyCheck,
  type BodyRefusal,
  checkReceived,
  type DeviceEnvelope,
  type ReceivedBody,
  type SealedBody,
  sealBody,
  verifyFranking,
} from "./body.ts";
export { type Content, content, type MessageBody } from "./schema.ts";
