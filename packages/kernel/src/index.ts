export {
  type Bytes,
  concat,
  equalBytes,
  fromBase64Url,
  fromHex,
  fromUtf8,
  readAtMost,
  toBase64Url,
  toHex,
  utf8,
} from "./bytes.ts";
export { type Clock, type ManualClock, manualClock, systemClock } from "./clock.ts";
export { CodedError, type CodedErrorOptions, causes, explain, hasCode } from "./errors.ts";
export { escapeHtml } from "./html.ts";
export { isUuid, type Uuid, uuidFromBytes, uuidToBytes, uuidV7Generator, uuidV7Time } from "./ids.ts";
export type { Json } from "./json.ts";
export { type Random, systemRandom, unsafeSeededRandom } from "./random.ts";
