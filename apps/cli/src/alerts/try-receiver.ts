import { hostname } from "node:os";
import { type Clock, type Random, uuidV7Generator } from "@rempart/kernel";
import type { Severity } from "@rempart/observability";
import type { Delivery, Notification, NotifiedAlert, Receiver } from "@rempart/observability/receivers";

export interface Trial {
  readonly status: Notification["status"];
  readonly delivery: Delivery;
  /** How long the receiver took. */
  readonly ms: number;
}

export interface TrialOptions {
  readonly severity: Severity;
  /** For each of the two notifications. */
  readonly timeoutMs: number;
  readonly operator: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Tells a receiver of an alert that is a test, and, where it took that, of its end. */
export async function tryReceiver(receiver: Receiver, options: TrialOptions): Promise<Trial[]> {
  const { clock, random } = options;
  const newId = uuidV7Generator(clock, random);
  const firingSince = clock.now();
  const groupKey = `test:${newId()}`;
  const trials: Trial[] = [];
  for (const status of ["firing", "resolved"] as const) {
    const alert = testAlert(status, firingSince, options);
    const notification = testNotification(newId(), groupKey, receiver.name, alert, clock.now());
    const startedAt = clock.monotonic();
    const delivery = await receiver.send(notification, AbortSignal.timeout(options.timeoutMs));
    trials.push({ status, delivery, ms: Math.round(clock.monotonic() - startedAt) });
    if (delivery.kind !== "accepted") break;
  }
  return trials;
}

function testAlert(
  state: Notification["status"],
  firingSince: number,
  { severity, operator, clock }: TrialOptions,
): NotifiedAlert {
  return {
    name: "NotificationTest",
    fingerprint: "notification-test",
    state,
    severity,
    component: "alerting",
    labels: { operator, host: hostname() },
    value: 1,
    summary: "Somebody tries whether this receiver can be reached.",
    runbook: "",
    firingSince,
    resolvedAt: state === "resolved" ? clock.now() : null,
  };
}

function testNotification(
  id: string,
  groupKey: string,
  receiver: string,
  alert: NotifiedAlert,
  at: number,
): Notification {
  const { state: status, severity } = alert;
  const groupLabels = { component: alert.component };
  return {
    id,
    receiver,
    groupKey,
    groupLabels,
    occasion: "test",
    status,
    severity,
    alerts: [alert],
    omitted: 0,
    at,
  };
}
