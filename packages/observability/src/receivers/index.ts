export { parseReceiver, type ReceiverAddress, type ReceiverConfig } from "./address.ts";
export type { Delivery, Receiver } from "./receiver.ts";
export { type Attempts, type RetryPolicy, retryAfter } from "./retry.ts";
