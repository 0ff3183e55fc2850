/** The messenger's server: configuration, and the whole of it as one value or one component of a process. */
export type { Bus } from "./bus/bus.ts";
export { MemoryNetwork } from "./bus/memory.ts";
export type { LimitsConfig, PublicConfig } from "./config.ts";
export { MessengerError, type MessengerErrorCode } from "./errors.ts";
export {
  type Messenger,
  type MessengerOptions,
  messengerComponent,
  startMessenger,
} from "./messenger.ts";
export * from "./operator.ts";
export { openLog } from "./telemetry/log.ts";
