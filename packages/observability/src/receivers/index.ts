export type { Notification, NotifiedAlert, Occasion } from "../alerting/notification.ts";
export { parseReceiver, type ReceiverAddress, type ReceiverConfig } from "./address.ts";
export { createReceivers, parseReceiverSecrets, type ReceiverSettings } from "./create.ts";
export type { Delivery, Receiver } from "./receiver.ts";
export type { Link, RenderedAlert } from "./rendering/alert.ts";
export { type RenderedNotification, renderNotification } from "./rendering/render.ts";
export type { Language, Wording } from "./rendering/wording.ts";
export { type Attempts, type RetryPolicy, retryAfter } from "./retry.ts";
