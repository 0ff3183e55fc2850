import { absorb, type Report } from "./absorb.ts";
import { advance } from "./advance.ts";
import { holdsAt, noteHolds } from "./holds.ts";
import type { Notification } from "./notification.ts";
import { onTime } from "./on-time.ts";
import { plan } from "./plan.ts";
import type { Router } from "./routes.ts";
import type { AlertEvent, AlertingPolicy, AlertingState } from "./state.ts";
import type { Consequences } from "./topology.ts";

export interface Rules {
  readonly router: Router;
  readonly consequences: Consequences;
  readonly policy: AlertingPolicy;
  readonly newId: () => string;
}

export interface Step {
  readonly state: AlertingState;
  readonly notifications: readonly Notification[];
  readonly events: readonly AlertEvent[];
  readonly refused: number;
}

/** Everything that follows from what was known, what is reported now (null: nothing), and what time it is. */
export function step(before: AlertingState, report: Report | null, now: number, rules: Rules): Step {
  const started = onTime(before, now);
  const { state: absorbed, refused } =
    report === null ? { state: started, refused: 0 } : absorb(started, report, now, rules.policy);
  const { state: advanced, events } = advance(absorbed, now, rules.policy);
  const holdsOf = holdsAt(advanced, rules.consequences, now);
  const noted = noteHolds(advanced, holdsOf, now);
  const { state, notifications } = plan(noted.state, now, { ...rules, holdsOf });
  return { state, notifications, events: [...events, ...noted.events], refused };
}
