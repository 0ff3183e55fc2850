/** Services that take notifications, as strict as the real ones, which break on demand. */

export { type ReceivedHook, startHook, type TestHook } from "./receivers/hook-server.ts";
export { ROUTING_KEY, startPagerDuty, type TestPagerDuty } from "./receivers/pagerduty-server.ts";
export {
  SLACK_CHANNEL,
  SLACK_HOOK,
  SLACK_TOKEN,
  startSlack,
  type TestSlack,
} from "./receivers/slack-server.ts";
export type { Fault, WireServer } from "./wire-server.ts";
