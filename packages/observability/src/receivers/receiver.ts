import type { Notification } from "../alerting/notification.ts";

/** What became of one attempt. */
export type Delivery =
  | { readonly kind: "accepted" }
  /** It may be tried again, and not before `afterMs` where the receiver said so. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number }
  /** It will never be taken: a wrong address, a revoked token. */
  | { readonly kind: "refused"; readonly reason: string };

/** Where notifications go. An attempt has a time limit: `signal` ends it. It does not throw. */
export interface Receiver {
  readonly name: string;
  /** Expects to hear of us every so often, and raises the alarm when it does not: it is told of no alert. Default false. */
  readonly isHeartbeat?: boolean;
  send(notification: Notification, signal: AbortSignal): Promise<Delivery>;
}
